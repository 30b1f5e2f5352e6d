"""A program that makes standard input its controlling terminal, waits, and then becomes another: an ELF executable
without libc or loader, for where nobody of ours can be, as between lxc-start and a container's program.

It is called with the paths of candidates, as many as it was made for, and then with the program's arguments. Descriptor
3 is itself, 4 a pipe from which it reads until there is something or its end; it closes both. It becomes the first of
the candidates that can be executed, else ends with 127.
"""

from __future__ import annotations

import struct

from arch.smallest import executable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_TIOCSCTTY = 0x540E
MOST = 100  # candidates, so that every offset fits an instruction


def program(architecture: str, candidates: int) -> bytes:
    """Empty for a machine whose instructions are not known here, or for too many candidates."""
    code = _MACHINES.get(architecture)
    if code is None or not 0 < candidates <= MOST:
        return b""
    return executable(architecture, code(candidates))


def _x86_64(candidates: int) -> bytes:
    code = bytes.fromhex("4889e3")  # mov rbx, rsp: argc, arguments, 0, variables, 0
    code += b"\x31\xff\xbe" + struct.pack("<I", _TIOCSCTTY) + bytes.fromhex("31d2b8100000000f05")  # ioctl(0, it, 0)
    code += bytes.fromhex("bf03000000b8030000000f05")  # close(3)
    code += bytes.fromhex("bf04000000488d73f8ba0100000031c00f05")  # read(4, rbx - 8, 1)
    code += bytes.fromhex("bf04000000b8030000000f05")  # close(4)
    for number in range(1, candidates + 1):
        code += b"\x48\x8b\xbb" + struct.pack("<I", 8 + 8 * number)  # mov rdi, [rbx + ...]
        code += b"\x48\x8d\xb3" + struct.pack("<I", 16 + 8 * candidates)  # lea rsi, [rbx + ...]
        code += bytes.fromhex("488b03488d54c310")  # mov rax, [rbx]; lea rdx, [rbx + 8 * rax + 16]
        code += bytes.fromhex("b83b0000000f05")  # execve
    return code + bytes.fromhex("bf7f000000b83c0000000f05")  # exit(127)


def _arm64(candidates: int) -> bytes:
    words = [0x910003F3]  # mov x19, sp
    words += [0xD2800000, 0xD2800001 | _TIOCSCTTY << 5, 0xD2800002, 0xD28003A8, 0xD4000001]  # ioctl(0, it, 0)
    words += [0xD2800060, 0xD2800728, 0xD4000001]  # close(3)
    words += [0xD2800080, 0xD1004261, 0xD2800022, 0xD28007E8, 0xD4000001]  # read(4, x19 - 16, 1)
    words += [0xD2800080, 0xD2800728, 0xD4000001]  # close(4)
    for number in range(1, candidates + 1):
        words.append(0xF9400260 | (1 + number) << 10)  # ldr x0, [x19, ...]
        words.append(0x91000261 | (16 + 8 * candidates) << 10)  # add x1, x19, ...
        words += [0xF9400263, 0x8B030E62, 0x91004042]  # ldr x3, [x19]; add x2, x19, x3, lsl 3; add x2, x2, 16
        words += [0xD2801BA8, 0xD4000001]  # execve
    words += [0xD2800FE0, 0xD2800BA8, 0xD4000001]  # exit(127)
    return struct.pack(f"<{len(words)}I", *words)


def _arm(candidates: int) -> bytes:
    words = [0xE1A0400D]  # mov r4, sp
    words += [0xE3A00000, 0xE3A0100E, 0xE3811B15, 0xE3A02000, 0xE3A07036, 0xEF000000]  # ioctl(0, it, 0)
    words += [0xE3A00003, 0xE3A07006, 0xEF000000]  # close(3)
    words += [0xE3A00004, 0xE2441008, 0xE3A02001, 0xE3A07003, 0xEF000000]  # read(4, r4 - 8, 1)
    words += [0xE3A00004, 0xE3A07006, 0xEF000000]  # close(4)
    for number in range(1, candidates + 1):
        words.append(0xE5940000 | 4 + 4 * number)  # ldr r0, [r4, ...]
        words += [0xE3A01000 | 2 + candidates, 0xE0841101]  # mov r1, words; add r1, r4, r1, lsl 2
        words += [0xE5943000, 0xE0842103, 0xE2822008]  # ldr r3, [r4]; add r2, r4, r3, lsl 2; add r2, r2, 8
        words += [0xE3A0700B, 0xEF000000]  # execve
    words += [0xE3A0007F, 0xE3A07001, 0xEF000000]  # exit(127)
    return struct.pack(f"<{len(words)}I", *words)


def _ppc64le(candidates: int) -> bytes:
    words = [0x7C3F0B78]  # mr r31, r1
    words += [0x38600000, 0x38800000 | _TIOCSCTTY, 0x38A00000, 0x38000036, 0x44000002]  # ioctl(0, it, 0)
    words += [0x38600003, 0x38000006, 0x44000002]  # close(3)
    words += [0x38600004, 0x389FFFF0, 0x38A00001, 0x38000003, 0x44000002]  # read(4, r31 - 16, 1)
    words += [0x38600004, 0x38000006, 0x44000002]  # close(4)
    for number in range(1, candidates + 1):
        words.append(0xE87F0000 | 8 + 8 * number)  # ld r3, ...(r31)
        words.append(0x389F0000 | 16 + 8 * candidates)  # addi r4, r31, ...
        words += [0xE8BF0000, 0x78A51F24, 0x7CBF2A14, 0x38A50010]  # ld r5, 0(r31); sldi r5, r5, 3; add; addi 16
        words += [0x3800000B, 0x44000002]  # execve
    words += [0x3860007F, 0x38000001, 0x44000002]  # exit(127)
    return struct.pack(f"<{len(words)}I", *words)


_MACHINES: dict[str, Callable[[int], bytes]] = {
    "x86_64": _x86_64,
    "arm64": _arm64,
    "arm": _arm,
    "ppc64le": _ppc64le,
}
