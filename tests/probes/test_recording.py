from __future__ import annotations

import errno
import json

import pytest

from probes import recording, snapshot
from probes.errors import BadReport, NotRecorded
from probes.host import Trial
from probes.live import LiveHost
from probes.recording import RecordingHost
from probes.snapshot import SnapshotHost
from probes.survey import survey
from tests.hosts import construct


def _replay(recorder: RecordingHost) -> SnapshotHost:
    data = {"schema": 1, "kind": recording.KIND, "marked": "recorded", "store": "/", "answers": recorder.answers}
    return SnapshotHost(json.loads(json.dumps(data)))


def test_every_kind_of_answer_comes_back() -> None:
    host = LiveHost()
    recorder = RecordingHost(host)
    asked = (
        recorder.read("/proc/self/uid_map"),
        recorder.names("/proc/self/ns"),
        recorder.filesystem("/proc"),
        recorder.link("/proc/self/ns/user"),
        recorder.program("sh"),
        recorder.program("no-such-program"),
        recorder.facts(),
    )
    replayed = _replay(recorder)
    assert asked == (
        replayed.read("/proc/self/uid_map"),
        replayed.names("/proc/self/ns"),
        replayed.filesystem("/proc"),
        replayed.link("/proc/self/ns/user"),
        replayed.program("sh"),
        replayed.program("no-such-program"),
        replayed.facts(),
    )


def test_outcomes_and_outputs_come_back() -> None:
    recorder = RecordingHost(LiveHost())
    trial = Trial("storage.d_type", "/proc")
    outcome, output = recorder.attempt(trial), recorder.output("sh", "-c", "echo out; echo err >&2; exit 3")
    replayed = _replay(recorder)
    again, said = replayed.attempt(trial), replayed.output("sh", "-c", "echo out; echo err >&2; exit 3")
    assert [getattr(outcome, name) for name in outcome.__slots__] == [getattr(again, name) for name in again.__slots__]
    assert (output.status, said.status, said.stdout, said.stderr) == (3, 3, "out\n", "err\n")


def test_an_error_is_an_answer_too() -> None:
    recorder = RecordingHost(LiveHost())
    with pytest.raises(FileNotFoundError):
        recorder.read("/no/such/file")
    with pytest.raises(FileNotFoundError) as caught:
        _replay(recorder).read("/no/such/file")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, "/no/such/file")


def test_a_question_that_was_not_asked_then_is_not_made_up_now() -> None:
    host = SnapshotHost(recording.record(construct.HOSTS["fedora-40"], "/store"))
    with pytest.raises(NotRecorded):
        host.read("/etc/shadow")
    with pytest.raises(NotRecorded):
        host.attempt(Trial("storage.tape"))


def test_a_survey_of_an_older_recording_knows_less_and_fails_not() -> None:
    data = recording.record(construct.HOSTS["fedora-40"], construct.HOSTS["fedora-40"].store)
    del data["answers"]["attempt"]["process.openat2"]
    data["answers"]["program"].clear()
    host = SnapshotHost(data)
    report = survey(host, host.store)
    assert report["process.openat2"].state == "unknown"
    assert report["program.ip"].state == "absent"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"schema": 2, "kind": "recorded host"}',
        '{"schema": 1, "kind": "recorded host", "answers": [1]}',
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: object, content: str) -> None:
    path = f"{tmp_path}/host.json"
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    with pytest.raises(BadReport):
        snapshot.load(path)


def test_saving_and_loading_keep_everything(tmp_path: object) -> None:
    data = recording.record(construct.HOSTS["rhel-6"], construct.HOSTS["rhel-6"].store, "a note", recording.CONSTRUCTED)
    recording.save(data, f"{tmp_path}/host.json")
    host = snapshot.load(f"{tmp_path}/host.json")
    assert (host.marked, host.note, host.store) == ("constructed", "a note", "/var/lib/runtime")
    assert survey(host, host.store).as_dict() == survey(construct.HOSTS["rhel-6"], host.store).as_dict()


def test_a_recording_keeps_no_more_than_is_asked_for() -> None:
    assert recording.abridge("/proc/1/environ", "SECRET=1\0container=lxc\0") == "container=lxc"
    assert "SOUND" not in recording.abridge("/boot/config-6.1", "CONFIG_SOUND=y\nCONFIG_PID_NS=y\n")
    mounts = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 8:2 / /secret rw - ext4 /dev/sdb rw\n"
    assert "secret" not in recording.abridge("/proc/self/mountinfo", mounts)
    assert recording.abridge_names("/etc", ("inittab", "shadow")) == ["inittab"]
