"""Standard input and output through a container, and signals to the command."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import REPOSITORY, Runtime

PLENTY = 5_000_000  # bytes: more than all pipes and buffers on the way hold together


def piped(runtime: Runtime, data: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        runtime.command(*arguments), cwd=REPOSITORY, input=data, capture_output=True, timeout=60, check=False
    )


def test_the_two_outputs_stay_apart(runtime: Runtime) -> None:
    done = runtime("run", "--rm", "--network", "none", "@host", "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("inside", ["run", "exec"])
def test_every_byte_passes_through(runtime: Runtime, inside: str) -> None:
    data = os.urandom(PLENTY)
    if inside == "run":
        done = piped(runtime, data, "run", "-i", "--rm", "--network", "none", "@host", "cat")
    else:
        name = runtime.detached("@host", "sleep", "60")
        done = piped(runtime, data, "exec", "-i", name, "cat")
    assert done.returncode == 0
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_without_interactive_nothing_is_read(runtime: Runtime) -> None:
    assert piped(runtime, b"typed", "run", "--rm", "--network", "none", "@host", "cat").stdout == b""


def test_a_program_that_does_not_read_its_input_ends_as_it_likes(runtime: Runtime) -> None:
    done = piped(runtime, bytes(PLENTY), "run", "-i", "--rm", "--network", "none", "@host", "sh", "-c", "exit 3")
    assert (done.returncode, done.stderr) == (3, b"")


def test_a_reader_that_leaves_ends_the_command_quietly(runtime: Runtime) -> None:
    command = runtime.command("run", "--rm", "--network", "none", "@host", "sh", "-c", "seq 1 1000000")
    running = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    assert running.stdout.readline() == b"1\n"
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(20) == 128 + signal.SIGPIPE


def test_a_signal_to_the_command_reaches_the_program(runtime: Runtime) -> None:
    script = "trap 'echo caught; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
    running = runtime.start("run", "--rm", "--network", "none", "@host", "sh", "-c", script)
    assert running.stdout is not None
    assert running.stdout.readline() == b"ready\n"
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=20)
    assert (running.returncode, output) == (4, b"caught\n")


def test_a_signal_reaches_a_program_that_was_entered(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sleep", "60")
    script = "trap 'exit 5' HUP; echo ready; while :; do sleep 0.05; done"
    running = runtime.start("exec", name, "sh", "-c", script)
    assert running.stdout is not None
    assert running.stdout.readline() == b"ready\n"
    running.send_signal(signal.SIGHUP)
    running.communicate(timeout=20)
    assert running.returncode == 5


def test_attaching_sees_what_is_said_from_then_on(runtime: Runtime) -> None:
    name = runtime("create", "-i", "--network", "none", "@host", "cat").stdout.strip()
    done = runtime("start", "-ai", name, stdin="typed\n")
    assert done.stdout == "typed\n"


def test_logs_keep_both_outputs_with_their_moments(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "echo one; echo two >&2; echo three")
    runtime("wait", name)
    done = runtime("logs", "-t", name)
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == ["one", "three"]
    assert done.stderr.endswith(" two\n")


def test_logs_may_be_cut_by_number_and_by_moment(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "echo one; echo two; echo three")
    runtime("wait", name)
    assert runtime("logs", "--tail", "2", name).stdout == "two\nthree\n"
    assert runtime("logs", "--since", "1h", name).stdout == "one\ntwo\nthree\n"
    assert runtime("logs", "--until", "1h", name).stdout == ""


def test_following_ends_with_the_container(runtime: Runtime) -> None:
    name = runtime.detached("@host", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done")
    assert runtime("logs", "-f", name).stdout == "1\n2\n3\n"


def test_a_program_left_running_is_entered_and_left_too(
    runtime: Runtime, eventually: Callable[[Callable[[], object]], None]
) -> None:
    name = runtime.detached("@host", "sleep", "60")
    assert runtime("exec", "-d", name, "sh", "-c", "echo done >/tmp/proof").stdout == ""
    eventually(lambda: runtime("exec", name, "cat", "/tmp/proof", status=None).stdout == "done\n")


def test_the_identifier_is_written_to_a_new_file_only(runtime: Runtime, tmp_path: Path) -> None:
    path = f"{tmp_path}/id"
    name = runtime.detached("--cidfile", path, "@host", "true")
    assert Path(path).read_text() == name
    assert "exists already" in runtime.refused("run", "--cidfile", path, "--network", "none", "@host", "true")
