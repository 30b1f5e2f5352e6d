"""The smallest program there is: an ELF executable that ends at once, with status 0, and needs nothing."""

from __future__ import annotations

import struct

# exit(0) by the machine's own calling convention: syscall(2)
_CODE: dict[str, bytes] = {
    # mov eax, 60; xor edi, edi; syscall
    "x86_64": b"\xb8\x3c\0\0\0\x31\xff\x0f\x05",
    # mov x0, #0; mov x8, #93; svc #0
    "arm64": struct.pack("<3I", 0xD2800000, 0xD2800BA8, 0xD4000001),
    # mov r0, #0; mov r7, #1; svc #0
    "arm": struct.pack("<3I", 0xE3A00000, 0xE3A07001, 0xEF000000),
    # li r0, 1; li r3, 0; sc
    "ppc64le": struct.pack("<3I", 0x38000001, 0x38600000, 0x44000002),
}
# e_machine and e_flags of elf(5)
_MACHINES = {"x86_64": (0x3E, 0), "arm64": (0xB7, 0), "arm": (0x28, 0x05000000), "ppc64le": (0x15, 2)}
_ADDRESS = 0x10000000
_ALIGNMENT = 0x10000  # the largest page of any machine
_EXECUTABLE, _VERSION, _LOAD, _READ_EXECUTE = 2, 1, 1, 5


def program(architecture: str) -> bytes:
    """The file's content; empty for a machine whose instructions are not known here."""
    code = _CODE.get(architecture)
    return b"" if code is None else executable(architecture, code)


def executable(architecture: str, code: bytes) -> bytes:
    """The file of a program that is this code and nothing else. KeyError for a machine that is not known here."""
    machine, flags = _MACHINES[architecture]
    if architecture == "arm":
        return _file(code, machine, flags, 1, "<HHIIIIIHHHHHH", "<IIIIIIII")
    return _file(code, machine, flags, 2, "<HHIQQQIHHHHHH", "<IIQQQQQQ")


def _file(code: bytes, machine: int, flags: int, bits: int, header: str, segment: str) -> bytes:
    """`bits`: ELFCLASS32 or ELFCLASS64, which put a segment's flags in different places."""
    first = 16 + struct.calcsize(header)
    start = first + struct.calcsize(segment)
    size = start + len(code)
    identity = b"\x7fELF" + bytes((bits, 1, 1)) + bytes(9)
    head = struct.pack(
        header, _EXECUTABLE, machine, _VERSION, _ADDRESS + start, first, 0, flags, first, start - first, 1, 0, 0, 0
    )
    where = (0, _ADDRESS, _ADDRESS, size, size)
    if bits == 1:
        load = struct.pack(segment, _LOAD, *where, _READ_EXECUTE, _ALIGNMENT)
    else:
        load = struct.pack(segment, _LOAD, _READ_EXECUTE, *where, _ALIGNMENT)
    return identity + head + load + code
