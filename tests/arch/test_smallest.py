from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from arch import smallest
from arch.names import by_uname

KNOWN = ("x86_64", "arm64", "arm", "ppc64le")
EMULATORS = {"x86_64": "qemu-x86_64", "arm64": "qemu-aarch64", "arm": "qemu-arm", "ppc64le": "qemu-ppc64le"}


@pytest.mark.parametrize("architecture", KNOWN)
def test_it_ends_at_once_with_success(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / "true"
    path.write_bytes(smallest.program(architecture))
    path.chmod(0o755)
    command = [str(path)]
    if by_uname(os.uname().machine).name != architecture:
        emulator = shutil.which(EMULATORS[architecture]) or shutil.which(EMULATORS[architecture] + "-static")
        if emulator is None:
            pytest.skip(f"{EMULATORS[architecture]} is not installed")
        command.insert(0, emulator)
    assert subprocess.run(command, timeout=20, check=False).returncode == 0


@pytest.mark.parametrize("architecture", KNOWN)
def test_it_is_a_program_of_that_machine(architecture: str) -> None:
    assert len(smallest.program(architecture)) < 200
    assert smallest.program(architecture)[:4] == b"\x7fELF"


def test_no_instructions_are_made_up_for_an_unknown_machine() -> None:
    assert smallest.program("vax") == b""
