"""The program that waits for another, on every machine that can be run here."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from arch import waiting

_EMULATORS = {
    "x86_64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static", "arm": "qemu-arm-static",
    "ppc64le": "qemu-ppc64le-static",
}  # fmt: skip
_NAMES = {"aarch64": "arm64", "armv7l": "arm"}


def _prefix(architecture: str) -> list[str]:
    own = os.uname().machine
    if _NAMES.get(own, own) == architecture:
        return []
    emulator = shutil.which(_EMULATORS[architecture])
    if emulator is None:
        pytest.skip(f"emulation.{architecture}: {_EMULATORS[architecture]} is not installed")
    return [emulator]


def told(architecture: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """The wait status that was written, and what was printed."""
    program = folder / "waiting"
    program.write_bytes(waiting.program(architecture))
    program.chmod(0o755)
    reader, writer = os.pipe()
    words = [*_prefix(architecture), str(program), *arguments]

    def third() -> None:
        os.dup2(writer, waiting.STATUS)

    done = subprocess.run(
        words, stdout=subprocess.PIPE, text=True, check=True, pass_fds=(waiting.STATUS,), preexec_fn=third
    )
    os.close(writer)
    with open(reader, "rb") as answer:
        return struct.unpack("<i", answer.read())[0], done.stdout


@pytest.mark.parametrize("architecture", sorted(_EMULATORS))
def test_an_exit_status_is_told_and_arguments_and_environment_arrive(architecture: str, tmp_path: Path) -> None:
    script = 'echo "$0 $1 $HOME"; test -e /proc/self/fd/3 || exit 7'
    status, said = told(architecture, tmp_path, "/bin/sh", "named", "-c", script, "zero", "one")
    assert os.waitstatus_to_exitcode(status) == 7
    assert said == f"zero one {os.environ['HOME']}\n"


@pytest.mark.parametrize("architecture", sorted(_EMULATORS))
def test_a_signal_is_told_as_one(architecture: str, tmp_path: Path) -> None:
    status, _ = told(architecture, tmp_path, "/bin/sh", "sh", "-c", "kill -9 $$")
    assert os.waitstatus_to_exitcode(status) == -9


def test_a_machine_that_is_not_known_has_no_such_program() -> None:
    assert waiting.program("riscv64") == b""
