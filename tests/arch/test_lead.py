"""A program that takes a terminal and becomes another: run on this machine, and by emulation on others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from arch import lead
from arch.names import by_uname

EMULATORS = {"x86_64": "qemu-x86_64", "arm64": "qemu-aarch64", "arm": "qemu-arm", "ppc64le": "qemu-ppc64le"}


def _command(architecture: str, program: str) -> list[str]:
    if by_uname(os.uname().machine).name == architecture:
        return [program]
    found = shutil.which(f"{EMULATORS[architecture]}-static") or shutil.which(EMULATORS[architecture])
    if found is None:
        pytest.skip(f"there is no emulator of {architecture} here")
    return [found, program]


def _run(folder: Path, architecture: str, candidates: Sequence[str], *arguments: str) -> tuple[str, int]:
    """What is written to a terminal of its own, and how it ends."""
    path = folder / "lead"
    path.write_bytes(lead.program(architecture, len(candidates)))
    path.chmod(0o755)
    command = _command(architecture, str(path))
    master, slave = os.openpty()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for number in (0, 1, 2):
                os.dup2(slave, number)
            here = os.open(path, os.O_RDONLY)
            for number, descriptor in ((20, here), (21, reader)):
                os.dup2(descriptor, number)
            for number in (3, 4):
                os.dup2(number + 17, number)
            os.closerange(5, 100)
            os.execve(command[0], [*command, *candidates, *arguments], {"WORD": "given", "PATH": "/usr/bin:/bin"})
        finally:
            os._exit(99)
    os.close(slave)
    os.close(reader)
    os.write(writer, b".")
    said = b""
    try:
        while piece := os.read(master, 4096):
            said += piece
    except OSError:  # EIO: nobody has the terminal any more
        pass
    os.close(master)
    os.close(writer)
    return said.decode().replace("\r", ""), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("architecture", sorted(EMULATORS))
def test_it_becomes_the_first_candidate_that_is_there_with_a_controlling_terminal(
    tmp_path: Path, architecture: str
) -> None:
    script = "echo $0 $1 $WORD; echo hello >/dev/tty; test -e /proc/self/fd/4 || echo closed; exit 5"
    said, status = _run(tmp_path, architecture, ["/nowhere/sh", "/bin", "/bin/sh"], "sh", "-c", script, "zero", "one")
    assert said == "zero one given\nhello\nclosed\n"
    assert status == 5


@pytest.mark.parametrize("architecture", sorted(EMULATORS))
def test_it_ends_with_127_where_there_is_none(tmp_path: Path, architecture: str) -> None:
    assert _run(tmp_path, architecture, ["/nowhere/sh"], "sh")[1] == 127


def test_it_is_nothing_for_a_machine_that_is_not_known_or_for_too_many_candidates() -> None:
    assert lead.program("pdp11", 1) == b""
    assert lead.program("x86_64", lead.MOST + 1) == b""
