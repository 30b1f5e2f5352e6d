"""What commands tell of containers: logs, lists, statistics, inspection; and names, labels, pruning."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from tests.live.conftest import Runtime

Eventually = Callable[[Callable[[], object]], None]


def test_streams_are_kept_apart_in_the_log(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "echo out; echo err >&2")
    runtime("wait", name)
    done = runtime("logs", name)
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_the_last_lines_are_picked(runtime: Runtime) -> None:
    name = runtime.detached("@host", "seq", "100")
    runtime("wait", name)
    assert runtime("logs", "--tail", "2", name).stdout == "99\n100\n"
    assert runtime("logs", "-n", "0", name).stdout == ""


def test_a_moment_bounds_the_log(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "echo early; sleep 1.2; echo late")
    runtime("wait", name)
    stamps = [line.split()[0] for line in runtime("logs", "-t", name).stdout.splitlines()]
    assert runtime("logs", "--since", stamps[1], name).stdout == "late\n"
    assert runtime("logs", "--until", stamps[0], name).stdout == "early\n"
    assert runtime("logs", "--since", "1h", name).stdout == "early\nlate\n"


def test_following_goes_on_to_the_end(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "echo one; sleep 0.5; echo two; sleep 0.5; echo three")
    assert runtime("logs", "-f", name).stdout == "one\ntwo\nthree\n"


def test_old_lines_make_room_for_new_ones(runtime: Runtime) -> None:
    name = runtime.detached("--log-opt", "max-size=10k", "--log-opt", "max-file=2", "@host", "seq", "20000")
    runtime("wait", name)
    lines = runtime("logs", name).stdout.splitlines()
    assert lines[-1] == "20000"
    assert 100 < len(lines) < 400
    assert [int(line) for line in lines] == list(range(int(lines[0]), 20001))
    kept = Path(f"{runtime.root}/containers/{name}").glob("log*")
    assert sum(path.stat().st_size for path in kept) < 25_000


def test_a_container_without_a_log_says_so(runtime: Runtime) -> None:
    name = runtime.detached("--log-driver", "none", "@host", "echo", "x")
    runtime("wait", name)
    assert "--log-driver" in runtime.refused("logs", name)


def test_one_can_attach_and_get_the_status(runtime: Runtime, eventually: Eventually) -> None:
    name = runtime.detached("-i", "@host", "sh", "-c", "read line; echo got $line; exit 4")
    done = runtime("attach", name, stdin="typed\n", status=4)
    assert done.stdout == "got typed\n"


def test_a_program_reads_what_is_piped_to_it(runtime: Runtime) -> None:
    text = "line\n" * 50_000
    assert runtime.said("@host", "wc", "-c", stdin=text) == f"{len(text)}\n"
    assert runtime.said("@host", "cat", stdin=text) == text


def test_containers_are_listed_by_filter_and_format(runtime: Runtime) -> None:
    runtime.detached("--name", "running", "-l", "kind=a", "@host", "sleep", "1000")
    runtime("create", "--name", "still", "-l", "kind=b", "@host", "true")
    shown = ("ps", "-a", "--format", "{{.Names}}")
    assert runtime("ps", "--format", "{{.Names}}").stdout == "running\n"
    assert set(runtime(*shown).stdout.split()) == {"running", "still"}
    for filter_, found in (
        ("status=running", "running"), ("status=created", "still"), ("label=kind=b", "still"),
        ("name=runn", "running"), ("before=still", "running"), ("since=running", "still"),
    ):  # fmt: skip
        assert runtime(*shown, "-f", filter_).stdout.split() == [found], filter_
    rows = [json.loads(line) for line in runtime("ps", "-a", "--format", "json").stdout.splitlines()]
    flat = rows[0] if rows and isinstance(rows[0], list) else rows
    assert {row["Names"] for row in flat} == {"running", "still"}
    assert "Invalid" not in runtime.refused("ps", "-f", "colour=red")


def test_inspection_takes_templates(runtime: Runtime) -> None:
    runtime("create", "--name", "seen", "-e", "A=1", "--label", "a.b=c", "@host", "true")
    assert runtime("inspect", "-f", "{{.Name}} {{.State.Status}}", "seen").stdout == "/seen created\n"
    assert runtime("inspect", "-f", '{{index .Config.Labels "a.b"}}', "seen").stdout == "c\n"
    assert "A=1" in json.loads(runtime("inspect", "-f", "{{json .Config.Env}}", "seen").stdout)
    assert json.loads(runtime("inspect", "seen").stdout)[0]["Name"] == "/seen"
    assert "nothing-of-this-name" in runtime("inspect", "nothing-of-this-name", status=None).stderr


def test_processes_and_their_use_are_shown(runtime: Runtime) -> None:
    name = runtime.detached("--name", "busy", "--memory", "100m", "@host", "sleep", "1000")
    assert "sleep 1000" in runtime("top", name).stdout
    row = json.loads(runtime("stats", "--no-stream", "--format", "json", name).stdout.splitlines()[0])
    row = row[0] if isinstance(row, list) else row
    assert row["Name"] == "busy"
    assert "100MiB" in row["MemUsage"]
    assert row["PIDs"] == "1"


def test_the_identifier_is_written_to_a_new_file(runtime: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "cid"
    identifier = runtime("create", "--cidfile", str(file), "@host", "true").stdout.strip()
    assert file.read_text() == identifier
    assert str(file) in runtime.refused("create", "--cidfile", str(file), "@host", "true")


def test_another_name_leaves_the_old_one_free(runtime: Runtime) -> None:
    runtime("create", "--name", "one", "@host", "true")
    runtime("rename", "one", "two")
    runtime("create", "--name", "one", "@host", "true")
    told = runtime.refused("rename", "one", "two")
    assert "two" in told
    assert runtime.names() == {"one", "two"}


def test_waiting_gives_the_status(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "sleep 0.3; exit 9")
    begun = time.monotonic()
    assert runtime("wait", name).stdout == "9\n"
    assert time.monotonic() - begun < 20


def test_with_rm_nothing_stays(runtime: Runtime) -> None:
    runtime.said("--name", "gone", "@host", "true")
    runtime("run", "--rm", "--name", "gone", "--network", "none", "@host", "nothing-of-this-name", status=127)
    assert runtime.names() == set()


def test_pruning_takes_what_does_not_run_and_leaves_the_rest(runtime: Runtime) -> None:
    runtime.detached("--name", "running", "@host", "sleep", "1000")
    runtime("create", "--name", "still", "@host", "true")
    runtime("container", "prune", "-f")
    assert runtime.names() == {"running"}
