"""create, start, state, kill, delete, run, list: from a bundle to nothing, as the specification has it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.runtime.oci.conftest import REPOSITORY, Oci

pytestmark = pytest.mark.live


def until(condition: object, seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_run_returns_the_status_of_the_program_and_leaves_nothing(oci: Oci) -> None:
    done = oci.run("echo out; echo err >&2; exit 7", status=7)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    assert os.listdir(oci.root) == []


def test_run_tells_of_a_signal_as_a_shell_does(oci: Oci) -> None:
    oci.run("sh -c 'kill -9 $$'; exit $?", status=137)


def test_a_created_container_has_not_executed_its_program(oci: Oci, tmp_path: Path) -> None:
    oci("create", "--bundle", oci.shell("touch /marker; exec sleep 1000"), oci.name)
    assert oci.state()["status"] == "created"
    assert not os.path.exists(f"{oci.rootfs}/marker")
    oci("start", oci.name)
    until(lambda: os.path.exists(f"{oci.rootfs}/marker"))
    assert oci.state()["status"] == "running"


def test_the_state_is_what_the_specification_asks_for(oci: Oci) -> None:
    bundle = oci.bundle("sleep", "1000", annotations={"a.b": "c"})
    oci("create", "--bundle", bundle, oci.name)
    state = oci.state()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", state.pop("created"))
    assert state.pop("pid") > 1
    assert state == {
        "ociVersion": "1.2.0",
        "id": oci.name,
        "status": "created",
        "bundle": bundle,
        "rootfs": oci.rootfs,
        "annotations": {"a.b": "c"},
        "owner": "",
    }


def test_the_pid_file_names_the_process(oci: Oci, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    oci("create", "--bundle", oci.bundle("sleep", "1000"), "--pid-file", str(file), oci.name)
    assert file.read_text() == str(oci.state()["pid"])


def test_changes_of_the_bundle_after_the_creation_have_no_effect(oci: Oci) -> None:
    bundle = oci.shell("touch /old; exec sleep 1000")
    oci("create", "--bundle", bundle, oci.name)
    Path(bundle, "config.json").write_text("{}")
    oci("start", oci.name)
    until(lambda: os.path.exists(f"{oci.rootfs}/old"))


def test_a_container_whose_program_ended_is_stopped(oci: Oci) -> None:
    oci("run", "--detach", "--bundle", oci.bundle("true"), oci.name)
    until(lambda: oci.state()["status"] == "stopped")
    assert oci.state()["pid"] == 0
    oci("delete", oci.name)
    assert "container does not exist" in oci("state", oci.name, status=1).stderr


def test_kill_sends_exactly_that_signal(oci: Oci) -> None:
    oci("run", "-d", "-b", oci.shell("trap 'touch /got' USR1; touch /set; while :; do sleep 0.01; done"), oci.name)
    until(lambda: os.path.exists(f"{oci.rootfs}/set"))
    oci("kill", oci.name, "SIGUSR1")
    until(lambda: os.path.exists(f"{oci.rootfs}/got"))
    oci("kill", oci.name, "9")
    until(lambda: oci.state()["status"] == "stopped")
    assert "container not running" in oci("kill", oci.name, "KILL", status=1).stderr


def test_a_kill_reaches_all_processes_where_no_pid_namespace_holds_them(oci: Oci) -> None:
    kinds = [{"type": "mount"}, {"type": "ipc"}]
    script = "sleep 1000 & sleep 1000 & wait"
    oci("run", "-d", "-b", oci.shell(script, hostname=None, linux__namespaces=kinds, linux__sysctl=None), oci.name)
    until(lambda: len(json.loads(oci("ps", "-f", "json", oci.name).stdout)) == 3)
    oci("kill", oci.name, "KILL")
    until(lambda: json.loads(oci("ps", "-f", "json", oci.name).stdout) == [])
    assert oci.state()["status"] == "stopped"


def test_delete_refuses_a_running_container_and_force_kills_it(sleeping: Oci) -> None:
    refusal = sleeping("delete", sleeping.name, status=1).stderr
    assert f"cannot delete container {sleeping.name} that is not stopped: running" in refusal
    pid = sleeping.state()["pid"]
    sleeping("delete", "--force", sleeping.name)
    until(lambda: not os.path.exists(f"/proc/{pid}") or " Z " in Path(f"/proc/{pid}/stat").read_text())
    assert sleeping("list", "-q").stdout == ""


def test_a_created_container_can_be_deleted(oci: Oci) -> None:
    oci("create", "-b", oci.bundle("true"), oci.name)
    oci("delete", oci.name)
    assert os.listdir(oci.root) == []


def test_to_force_the_deletion_of_nothing_is_no_error(oci: Oci) -> None:
    oci("delete", "--force", "nothing")
    assert "container does not exist" in oci("delete", "nothing", status=1).stderr


def test_a_name_is_taken_once(sleeping: Oci) -> None:
    refusal = sleeping("run", "-b", sleeping.bundle("true"), sleeping.name, status=1).stderr
    assert "container with given ID already exists" in refusal
    assert sleeping.state()["status"] == "running"


@pytest.mark.parametrize("command", ["start", "state", "kill", "delete", "pause", "resume", "ps", "exec", "update"])
def test_what_does_not_exist_is_named_so(oci: Oci, command: str) -> None:
    words, status = ((command, "nothing", "true"), 255) if command == "exec" else ((command, "nothing"), 1)
    done = oci(*words, status=status)
    assert "container does not exist" in done.stderr


def test_a_container_is_started_once(sleeping: Oci) -> None:
    assert "cannot start an already running container" in sleeping("start", sleeping.name, status=1).stderr
    sleeping("kill", sleeping.name, "KILL")
    until(lambda: sleeping.state()["status"] == "stopped")
    assert "cannot start a container that has stopped" in sleeping("start", sleeping.name, status=1).stderr


@pytest.mark.parametrize("command", ["run", "create"])
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("nosuch", 'exec: "nosuch": executable file not found in $PATH'),
        ("/nosuch", 'exec: "/nosuch": stat /nosuch: no such file or directory'),
        ("/etc", 'exec: "/etc": permission denied'),
    ],
)
def test_a_program_that_cannot_be_executed_is_told_as_engines_expect(
    oci: Oci, command: str, program: str, words: str
) -> None:
    done = oci(command, "-b", oci.bundle(program), oci.name, status=1)
    assert f"runtime-oci {command} failed: unable to start container process: {words}" in done.stderr.replace("\\", "")
    assert os.listdir(oci.root) == []


def test_errors_go_to_the_log_as_json_and_plainly_to_standard_error(oci: Oci, tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = oci("--log", str(log), "--log-format", "json", "state", "nothing", status=1)
    assert done.stderr == "container does not exist\n"
    entry = json.loads(log.read_text())
    assert (entry["level"], entry["msg"]) == ("error", "container does not exist")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["time"])


def test_list_shows_every_container(sleeping: Oci) -> None:
    (entry,) = json.loads(sleeping("list", "--format", "json").stdout)
    assert {**sleeping.state(), "owner": entry["owner"]} == entry
    head, line = sleeping("list").stdout.splitlines()
    assert head.split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert line.split()[0] == sleeping.name


def test_keep_leaves_a_stopped_container(oci: Oci) -> None:
    oci("run", "--keep", "-b", oci.bundle("true"), oci.name)
    assert oci.state()["status"] == "stopped"


def test_a_creation_whose_process_is_killed_leaves_a_stopped_container(oci: Oci) -> None:
    oci("create", "-b", oci.bundle("true"), oci.name)
    os.kill(oci.state()["pid"], 9)
    until(lambda: oci.state()["status"] == "stopped")
    oci("delete", oci.name)


def test_the_waiting_process_holds_nothing_of_its_creators(oci: Oci) -> None:
    """No descriptor but the streams and the gate: a leaked one leads out of the container (CVE-2024-21626)."""
    oci("create", "-b", oci.bundle("true"), oci.name)
    pid = oci.state()["pid"]
    until(lambda: len(os.listdir(f"/proc/{pid}/fd")) == 4)
    kinds = sorted(os.readlink(f"/proc/{pid}/fd/{name}").partition(":")[0] for name in os.listdir(f"/proc/{pid}/fd"))
    assert sum(kind == "socket" for kind in kinds) == 1


def test_descriptors_are_passed_when_asked_for(oci: Oci, tmp_path: Path) -> None:
    file = tmp_path / "passed"
    file.write_text("through\n")
    words = oci.command("run", "--preserve-fds", "1", "-b", oci.shell("cat <&3"), oci.name)
    opening = ["sh", "-c", f'exec "$0" "$@" 3<{file}', *words]
    done = subprocess.run(opening, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "through\n"


def test_callers_may_ask_for_more_descriptors_than_they_have_and_get_none_of_ours(oci: Oci) -> None:
    bundle = oci.shell("echo /proc/self/fd/*")
    done = oci("run", "--preserve-fds", "100", "-b", bundle, oci.name)
    assert done.stdout.split() == [f"/proc/self/fd/{number}" for number in range(4)]  # 3: the shell reads the folder
    assert "descriptors 3 to 102 are not open: nothing to preserve" in done.stderr


def test_a_gap_among_the_descriptors_to_pass_is_refused(oci: Oci) -> None:
    words = oci.command("run", "--preserve-fds", "2", "-b", oci.bundle("true"), oci.name)
    opening = ["sh", "-c", 'exec "$0" "$@" 4</dev/null', *words]
    done = subprocess.run(opening, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "unable to preserve descriptor 3: it is not open, and 4 is" in done.stderr


def test_a_path_of_systemds_is_refused_where_systemd_was_not_asked_for(oci: Oci) -> None:
    bundle = oci.bundle("true", linux__cgroupsPath="system.slice:runc:x")
    assert "linux.cgroupsPath" in oci("run", "-b", bundle, oci.name, status=1).stderr


@pytest.mark.skipif(os.path.isdir("/run/systemd/system"), reason="init.system: it is systemd here")
def test_where_systemd_is_asked_for_and_does_not_run_nothing_else_is_taken(oci: Oci) -> None:
    bundle = oci.bundle("true", linux__cgroupsPath="system.slice:runc:x")
    done = oci("--systemd-cgroup", "run", "-b", bundle, oci.name, status=1)
    assert "systemd was to make the cgroup, and does not run here" in done.stderr
    assert oci("list", "-q").stdout == ""


def test_capabilities_that_nobody_has_are_told_and_left_out(oci: Oci) -> None:
    sets = {name: ["CAP_KILL", "CAP_NOT_INVENTED"] for name in ("bounding", "permitted", "effective")}
    done = oci.run("grep CapEff /proc/self/status", process__capabilities=sets)
    assert done.stdout.split()[1] == "0000000000000020"
    assert "CAP_NOT_INVENTED" in done.stderr


def test_a_source_of_a_bind_mount_is_relative_to_the_bundle(oci: Oci) -> None:
    mount = {"destination": "/mnt", "type": "bind", "source": "config.json", "options": ["bind", "ro"]}
    bundle = oci.bundle("grep", "-c", "ociVersion", "/mnt", mounts=[mount])
    assert oci("run", "-b", bundle, oci.name).stdout == "1\n"


def test_signal_0_asks_whether_the_container_runs(sleeping: Oci) -> None:
    sleeping("kill", sleeping.name, "0")
    sleeping("kill", sleeping.name, "KILL")
    until(lambda: sleeping.state()["status"] == "stopped")
    assert "container not running" in sleeping("kill", sleeping.name, "0", status=1).stderr
    sleeping("kill", "--all", sleeping.name, "0")


def test_a_kill_reaches_those_who_outlive_the_first_process(oci: Oci) -> None:
    kinds = [{"type": "mount"}, {"type": "ipc"}]
    script = "sleep 1000 & sleep 1000 & wait"
    oci("run", "-d", "-b", oci.shell(script, hostname=None, linux__namespaces=kinds, linux__sysctl=None), oci.name)
    until(lambda: len(json.loads(oci("ps", "-f", "json", oci.name).stdout)) == 3)
    os.kill(oci.state()["pid"], 9)
    until(lambda: oci.state()["status"] == "stopped")
    oci("kill", oci.name, "KILL")
    assert json.loads(oci("ps", "-f", "json", oci.name).stdout) == []


def test_what_nobody_else_may_execute_is_executed_with_the_capability_for_it(oci: Oci) -> None:
    os.unlink(f"{oci.rootfs}/bin/true")
    Path(oci.rootfs, "bin/true").write_bytes(Path(oci.rootfs, "bin/sh").read_bytes())
    os.chmod(f"{oci.rootfs}/bin/true", 0o700)
    user = {"uid": 1000, "gid": 1000}
    without = oci.bundle("true", process__user=user, process__capabilities={})
    assert "permission denied" in oci("run", "-b", without, oci.name, status=1).stderr
    sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
    held = {key: ["CAP_DAC_OVERRIDE"] for key in sets}
    oci("run", "-b", oci.bundle("true", process__user=user, process__capabilities=held), oci.name)


def test_an_ambient_capability_that_is_not_inheritable_is_told(oci: Oci) -> None:
    held = {key: ["CAP_CHOWN"] for key in ("bounding", "effective", "permitted", "ambient")}
    done = oci.run("true", process__capabilities=held)
    assert "can't raise ambient capability CAP_CHOWN" in done.stderr
