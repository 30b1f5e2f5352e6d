"""Why a file that is there cannot be executed: for which machine it is."""

from __future__ import annotations

import os

# e_machine of elf(5), for the machines that a person is likely to have an image of
_MACHINES = {
    0x03: "i386",
    0x08: "mips",
    0x14: "powerpc",
    0x15: "ppc64",
    0x16: "s390x",
    0x28: "arm",
    0x3E: "x86_64",
    0xB7: "aarch64",
    0xF3: "riscv64",
    0x102: "loongarch64",
}


def architecture_hint(head: bytes) -> str:
    """From a file's first bytes; empty when they do not say."""
    if not head:
        return ""
    if not head.startswith(b"\x7fELF") or len(head) < 20:
        return "" if head.startswith(b"#!") else "it is no program, and a script without a #! line"
    number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    machine = _MACHINES.get(number, f"machine {number}")
    here = os.uname().machine
    if machine == here:
        return ""
    return f"it is for {machine}, and this machine is {here}: take the image for this one, or register an emulator"
