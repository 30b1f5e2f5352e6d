"""A container in the foreground: its terminal through ours, and signals to us."""

from __future__ import annotations

import os
import select
import signal
import subprocess

import pytest

from tests.runtime.oci.conftest import REPOSITORY, Oci

pytestmark = pytest.mark.live


def read_until(descriptor: int, mark: bytes) -> bytes:
    said = b""
    while mark not in said:
        ready, _, _ = select.select([descriptor], [], [], 30)
        assert ready, said
        said += os.read(descriptor, 1000)
    return said


@pytest.mark.parametrize("command", ["run", "exec"])
def test_the_terminal_is_moved_through_ours(oci: Oci, command: str) -> None:
    script = "echo ready; read word; echo got $word; exit 6"
    if command == "run":
        words = oci.command("run", "-b", oci.shell(script, process__terminal=True), oci.name)
    else:
        oci("run", "-d", "-b", oci.bundle("sleep", "1000"), oci.name)
        words = oci.command("exec", "-t", oci.name, "sh", "-c", script)
    master, slave = os.openpty()
    process = subprocess.Popen(words, cwd=REPOSITORY, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    read_until(master, b"ready")
    os.write(master, b"word\r")
    assert b"got word" in read_until(master, b"got word")
    assert process.wait(30) == 6
    os.close(master)


def test_signals_to_us_are_the_containers(oci: Oci) -> None:
    bundle = oci.shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done")
    words = oci.command("run", "-b", bundle, oci.name)
    process = subprocess.Popen(words, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 9


@pytest.mark.parametrize("command", ["run", "exec"])
def test_a_terminal_that_is_read_through_a_pipe_adds_no_carriage_returns(oci: Oci, command: str) -> None:
    if command == "run":
        done = oci("run", "-b", oci.shell("echo line", process__terminal=True), oci.name)
    else:
        oci("run", "-d", "-b", oci.bundle("sleep", "1000"), oci.name)
        done = oci("exec", "-t", oci.name, "echo", "line")
    assert done.stdout == "line\n"
