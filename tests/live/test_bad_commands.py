"""Wrong flags, names and programs: what is told, the exit status, and that nothing stays behind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

RUN = ("run", "--rm", "--network", "none")
SHAPE = re.compile(r"\AError: [^\n]+\n(  [^\n]+\n)*Hint: [^\n]+\n\Z")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "no-such-image", "true"), "no-such-image"),
        (("run", "Not A Name", "true"), "Not A Name"),
        (("run",), "image"),
        (("run", "--no-such-flag", "@host", "true"), "--no-such-flag"),
        (("run", "--detatch", "@host", "true"), "--detach"),
        (("run", "--network", "nowhere", "@host", "true"), "nowhere"),
        (("run", "--restart", "sometimes", "@host", "true"), "sometimes"),
        (("run", "--restart", "always", "--rm", "@host", "true"), "--restart"),
        (("run", "--name", "-bad-", "@host", "true"), "-bad-"),
        (("run", "-e", "=x", "@host", "true"), "=x"),
        (("run", "--env-file", "/no/such/file", "@host", "true"), "/no/such/file"),
        (("run", "-v", "relative:path:to:what", "@host", "true"), "relative:path:to:what"),
        (("run", "-v", "/x:relative", "@host", "true"), "relative"),
        (("run", "--mount", "type=magic,target=/x", "@host", "true"), "magic"),
        (("run", "--platform", "plan9/amd64", "@host", "true"), "plan9"),
        (("run", "--stop-signal", "SIGNOTHING", "@host", "true"), "SIGNOTHING"),
        (("run", "--pid", "container:no-such", "@host", "true"), "no-such"),
        (("run", "--storage-opt", "x", "@host", "true"), "--storage-opt"),
        (("run", "--backend", "storage=magic", "@host", "true"), "magic"),
        (("run", "--rootfs", "/no/such/folder", "true"), "/no/such/folder"),
        (("start", "no-such-container"), "no-such-container"),
        (("exec", "no-such-container", "true"), "no-such-container"),
        (("rm", "no-such-container"), "no-such-container"),
        (("rmi", "no-such-image"), "no-such-image"),
        (("inspect", "no-such-thing"), "no-such-thing"),
        (("save", "no-such-image", "-o", "/dev/null"), "no-such-image"),
        (("load", "-i", "/no/such/file"), "/no/such/file"),
        (("import", "/no/such/file", "x"), "/no/such/file"),
        (("cp", "neither", "nor"), "CONTAINER"),
        (("no-such-command",), "no-such-command"),
        (("ps", "--format", "{{.Names"), "{{.Names"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_what_to_do_in_another(
    runtime: Runtime, arguments: tuple[str, ...], told: str
) -> None:
    done = runtime(*arguments, status=None)
    assert done.returncode in ((125,) if arguments[0] in ("run", "load", "import", "save", "cp") else (1, 125))
    assert SHAPE.match(done.stderr), done.stderr
    assert told in done.stderr
    assert done.stdout in ("", "[]\n")  # `inspect` keeps to docker's empty list
    assert runtime.names() == set()


def test_a_program_that_is_not_there_is_127(runtime: Runtime) -> None:
    told = runtime.refused(*RUN, "@host", "no-such-program", status=127)
    assert "no-such-program" in told
    assert "no-such-program" in runtime.refused(*RUN, "@host", "/no/no-such-program", status=127)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Path]:
    """Files that are no programs here."""
    plain = tmp_path / "plain"
    plain.write_text("no first line\n")
    os.chmod(plain, 0o644)
    text = tmp_path / "text"
    text.write_text("echo no first line\n")
    os.chmod(text, 0o755)
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    os.chmod(script, 0o755)
    # An ELF header for SPARC: nobody emulates that by default.
    sparc = tmp_path / "sparc"
    sparc.write_bytes(b"\x7fELF\x02\x02\x01".ljust(16, b"\0") + b"\0\x02\0\x2b\0\0\0\x01" + bytes(40))
    os.chmod(sparc, 0o755)
    yield tmp_path


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [
        ("plain", 126, "permission"),
        ("text", 126, "#!"),
        ("sparc", 126, "machine"),
        ("script", 127, "/no/such/interpreter"),
        ("", 126, "folder"),
    ],
)
def test_a_file_that_is_no_program_is_told_why(
    runtime: Runtime, programs: Path, program: str, status: int, told: str
) -> None:
    done = runtime.refused(*RUN, "-v", f"{programs}:/p", "@host", f"/p/{program}".rstrip("/"), status=status)
    assert told.lower() in done.lower()
    name = runtime.detached("-v", f"{programs}:/p", "@host", "sleep", "1000")
    beside = runtime.refused("exec", name, f"/p/{program}".rstrip("/"), status=status)
    assert told.lower() in beside.lower()


def test_a_taken_name_is_told_with_who_has_it(runtime: Runtime) -> None:
    holder = runtime("create", "--name", "taken", "@host", "true").stdout.strip()
    told = runtime.refused("create", "--name", "taken", "@host", "true")
    assert "taken" in told
    assert holder[:12] in told
    assert SHAPE.match(told)
    assert os.listdir(f"{runtime.root}/containers") == [holder]


def test_an_image_in_use_is_not_removed(runtime: Runtime) -> None:
    runtime("create", "--name", "user", "@host", "true")
    assert "user" in runtime.refused("rmi", "@host")


def test_a_running_container_is_not_removed_without_force(runtime: Runtime) -> None:
    name = runtime.detached("--name", "busy", "@host", "sleep", "1000")
    assert "--force" in runtime.refused("rm", name) or "-f" in runtime.refused("rm", name)


@pytest.mark.parametrize("command", [("exec", "still", "true"), ("pause", "still"), ("kill", "still")])
def test_what_does_not_run_cannot_be_worked_in(runtime: Runtime, command: tuple[str, ...]) -> None:
    runtime("create", "--name", "still", "@host", "true")
    told = runtime.refused(*command)
    assert "still" in told
    assert "Hint:" in told
