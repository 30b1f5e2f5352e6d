"""What a person sees who calls it wrongly, or asks for help."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from runtime.cli import failures, main
from runtime.cli.catalogue import COMMANDS, CONTAINER_COMMANDS, IMAGE_COMMANDS
from runtime.errors import CommandNotFound, Conflict

GOLDEN = os.path.join(os.path.dirname(__file__), "golden")
TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_ROOT", f"{tmp_path}/root")
    monkeypatch.setenv("RUNTIME_STATE", f"{tmp_path}/state")
    monkeypatch.setenv("COLUMNS", "100")


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main.run(arguments)
    seen = capsys.readouterr()
    return status, seen.out, seen.err


def golden(name: str, text: str) -> None:
    path = os.path.join(GOLDEN, name)
    if os.environ.get("RUNTIME_GOLDEN") == "write":
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        assert text == file.read()


def test_help_is_as_the_golden_file_says(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = called(capsys, "--help")
    assert status == 0
    golden("help.txt", output)


def test_the_help_of_run_is_as_the_golden_file_says(capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = called(capsys, "run", "--help")
    assert status == 0
    golden("run.txt", output)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, output, _ = called(capsys, name, "--help")
    assert status == 0
    assert output.startswith(f"Usage: runtime {name}")


@pytest.mark.parametrize(("group", "table"), [("container", CONTAINER_COMMANDS), ("image", IMAGE_COMMANDS)])
def test_every_command_of_a_group_can_be_loaded(group: str, table: dict[str, object]) -> None:
    command = COMMANDS[group].load()
    assert command.name == group
    assert list(table) == list(command.entries)
    for entry in command.entries.values():
        entry.load()


ERRORS = {
    "no-command": ("dance",),
    "like-a-command": ("imges",),
    "no-flag": ("run", "--memoy", "5m", "x"),
    "no-image": ("run",),
    "no-argument": ("logs",),
    "bad-size": ("run", "--memory", "lots", "x"),
    "bad-mount": ("run", "--mount", "type=bind,source=/a", "x"),
    "refused-flag": ("run", "-p", "80:80", "x"),
    "bad-choice": ("save", "--format", "zip", "x"),
    "bad-filter": ("ps", "--filter", "colour=red"),
    "nothing-to-update": ("update", "web"),
    "bad-signal": ("attach", "--detach-keys", "hyper-x"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_why_and_what_to_do(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, output, errors = called(capsys, *ERRORS[name])
    assert (status, output) == (125, "")
    golden(f"error-{name}.txt", errors)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("taken"), 125),
        (CommandNotFound("no such program"), 127),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "/x"), 125),
        (ZeroDivisionError("oops"), 125),
    ],
)
def test_each_error_has_its_status(error: BaseException, status: int) -> None:
    assert failures.describe(error)[2] == status


def test_an_unforeseen_error_says_that_it_is_our_defect() -> None:
    message, hint, _ = failures.describe(ZeroDivisionError("oops"))
    assert "defect" in message
    assert "--debug" in hint


def test_several_things_are_all_tried_and_the_last_failure_counts(capsys: pytest.CaptureFixture[str]) -> None:
    done = []

    def act(name: str) -> None:
        if name == "b":
            raise Conflict("b is busy", "wait")
        done.append(name)

    assert failures.each(["a", "b", "c"], act) == 125
    assert done == ["a", "c"]
    assert capsys.readouterr().err == "Error: b is busy\nHint: wait\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    status, output, _ = called(capsys, "completion", shell)
    assert status == 0
    assert "_RUNTIME_COMPLETE" in output


def test_completion_knows_the_commands() -> None:
    environment = {**os.environ, "_RUNTIME_COMPLETE": "bash_complete", "COMP_WORDS": "runtime re", "COMP_CWORD": "1"}
    seen = subprocess.run(
        [sys.executable, "-m", "runtime.cli.main"],
        env=environment,
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert {"plain,restart", "plain,rename"} <= set(seen.stdout.split())


def test_a_closed_pipe_is_no_error() -> None:
    seen = subprocess.run(
        f"{sys.executable} -m runtime.cli.main --help | head -c 1",
        shell=True,
        cwd=TOP,
        capture_output=True,
        check=False,
    )
    assert (seen.stdout, seen.stderr) == (b"U", b"")


def loaded(*arguments: str) -> set[str]:
    """The modules that a command line imports before it does anything: it stops at the unknown image or container."""
    program = (
        "import sys; from runtime.cli import main; main.run(sys.argv[1:]); print(*sys.modules, file=sys.__stdout__)"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=TOP, capture_output=True, text=True, check=False
    )
    return set(seen.stdout.split())


def test_running_is_understood_without_click() -> None:
    line = ("run", "--pull", "never", "no-such-image", "true")
    loaded(*line)  # asks the host what it can do, once
    modules = loaded(*line)
    assert "runtime.cli.creation" in modules
    assert not modules & (HEAVY | {"click", "dataclasses", "inspect"})


HEAVY = {"tarfile", "distro", "pyroute2", "logging", "argparse", "http", "ssl", "asyncio", "unittest", "hypothesis"}


@pytest.mark.parametrize("arguments", [("--version",), ("run", "--help"), ("exec", "--help"), ("ps", "--help")])
def test_looking_at_a_command_loads_little(arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments)
    assert not modules & (HEAVY | {"subprocess", "tempfile", "runtime.engine", "json"})
    assert not any(name.startswith(("probes", "backends.")) for name in modules)
