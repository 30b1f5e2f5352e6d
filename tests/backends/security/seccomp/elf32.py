"""A static i386 program of a few instructions, put together by hand: what a 32-bit program meets under a filter."""

from __future__ import annotations

import struct
from pathlib import Path

_BASE = 0x08048000
_HEADERS = 52 + 32


def write(path: Path, number: int, *arguments: int) -> str:
    """An executable that makes one system call by `int 0x80` and exits with its errno, or with 0."""
    values = (*arguments, 0, 0, 0)[:3]
    code = b"".join(
        (
            b"\xb8" + struct.pack("<I", number),  # mov eax, number
            b"\xbb" + struct.pack("<I", values[0] & 0xFFFFFFFF),  # mov ebx, ...
            b"\xb9" + struct.pack("<I", values[1] & 0xFFFFFFFF),  # mov ecx, ...
            b"\xba" + struct.pack("<I", values[2] & 0xFFFFFFFF),  # mov edx, ...
            b"\xcd\x80",  # int 0x80
            b"\x85\xc0\x79\x04",  # test eax, eax; jns +4
            b"\xf7\xd8\xeb\x02",  # neg eax; jmp +2
            b"\x31\xc0",  # xor eax, eax
            b"\x89\xc3\xb8\x01\x00\x00\x00\xcd\x80",  # mov ebx, eax; mov eax, 1; int 0x80
        )
    )
    size = _HEADERS + len(code)
    identity = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, _BASE + _HEADERS, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, _BASE, _BASE, size, size, 5, 0x1000)
    path.write_bytes(identity + header + segment + code)
    path.chmod(0o755)
    return str(path)
