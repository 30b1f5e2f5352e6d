"""Running a program of another architecture: the smallest executable there is, which ends with status 42."""

from __future__ import annotations

import os
import struct

from probes.trials.attempt import Failed

STATUS = 42

# name: (64 bit, big-endian, e_machine, e_flags, code that calls exit(42))
PROGRAMS = {
    "x86_64": (True, False, 62, 0, "bf2a000000 b83c000000 0f05"),  # mov edi,42; mov eax,60; syscall
    "i386": (False, False, 3, 0, "bb2a000000 b801000000 cd80"),  # mov ebx,42; mov eax,1; int 0x80
    "arm": (False, False, 40, 0x05000000, "2a00a0e3 0170a0e3 000000ef"),  # mov r0,#42; mov r7,#1; svc 0
    "arm64": (True, False, 183, 0, "400580d2 a80b80d2 010000d4"),  # mov x0,#42; mov x8,#93; svc #0
    "ppc64le": (True, False, 21, 2, "2a006038 01000038 02000044"),  # li r3,42; li r0,1; sc
    "riscv64": (True, False, 243, 0, "1305a002 9308d005 73000000"),  # li a0,42; li a7,93; ecall
    "s390x": (True, True, 22, 0, "a729002a 0a01"),  # lghi %r2,42; svc 1
}
BASE = 0x10000
PAGE = 0x10000  # the largest page of any of them, so that the segment's alignment fits everywhere


def executable(architecture: str) -> bytes:
    """A static ELF file with one segment."""
    wide, big, machine, flags, code = PROGRAMS[architecture]
    order, header, segment = (">" if big else "<"), (64 if wide else 52), (56 if wide else 32)
    body = bytes.fromhex(code.replace(" ", ""))
    size, entry = header + segment + len(body), BASE + header + segment
    identification = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + b"\0" * 9
    word = "Q" if wide else "I"
    fields = (2, machine, 1, entry, header, 0, flags, header, segment, 1, 0, 0, 0)
    head = identification + struct.pack(f"{order}HHI{word}{word}{word}IHHHHHH", *fields)
    if wide:
        return head + struct.pack(order + "IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, PAGE) + body
    return head + struct.pack(order + "IIIIIIII", 1, 0, BASE, BASE, size, size, 5, PAGE) + body


def run(scratch: str, architecture: str) -> str:
    path = os.path.join(scratch, "program")
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o700)
    os.write(descriptor, executable(architecture))
    os.close(descriptor)
    pid = os.fork()
    if pid == 0:
        try:
            os.execv(path, [path])
        except OSError as error:
            os._exit(error.errno or 1)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        raise Failed("execve()", 0, f"the program was ended by signal {os.WTERMSIG(status)}")
    if os.WEXITSTATUS(status) != STATUS:
        raise Failed("execve()", os.WEXITSTATUS(status))
    return f"a program of {architecture} ran"
