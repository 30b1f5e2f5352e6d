"""Compiled filters in force: in a child, in this machine's kernel."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arch import native
from backends.security import capabilities, seccomp
from backends.security.profile import default_profile
from backends.security.seccomp.abi import load
from tests.backends.security.seccomp import elf32

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

ROOT = Path(__file__).parents[4]
MACHINE = native.machine()
NUMBERS = load(MACHINE).numbers
on_x86_64 = pytest.mark.skipif(MACHINE != "x86_64", reason="about the ABIs of x86_64")

DEFAULT = default_profile(MACHINE, capabilities.DEFAULT, (6, 18))
LENIENT: dict[str, Any] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": DEFAULT["architectures"]}

# Puts filters in force, makes calls by number, and prints each one's errno, or 0; or executes a program.
CHILD = """
import ctypes, json, os, sys
from arch import kernel
asked = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
if asked["user"]:
    os.setgroups([]); os.setgid(asked["user"]); os.setuid(asked["user"])
    kernel.set_no_new_privs()
for program in asked["filters"]:
    kernel.seccomp_filter(bytes.fromhex(program))
answers = []
for number, *arguments in asked["calls"]:
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_ulong(argument) for argument in arguments])
    answers.append(ctypes.get_errno() if result == -1 else 0)
if asked["execute"]:
    os.execv(asked["execute"], [asked["execute"]])
print(json.dumps(answers))
"""


def child(
    profiles: list[dict[str, Any]], calls: list[tuple[int, ...]], execute: str = "", user: int = 0
) -> subprocess.CompletedProcess[str]:
    asked = {
        "filters": [seccomp.compile(profile, MACHINE).hex() for profile in profiles],
        "calls": calls,
        "execute": execute,
        "user": user,
    }
    command = [sys.executable, "-c", CHILD, json.dumps(asked)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)


def answers(profiles: list[dict[str, Any]], *calls: tuple[Any, ...], user: int = 0) -> list[str]:
    """The errno's name of each call (name or number, arguments...), "" where it succeeded."""
    numbered = [(NUMBERS[call[0]] if isinstance(call[0], str) else call[0], *call[1:]) for call in calls]
    done = child(profiles, numbered, user=user)
    assert done.returncode == 0, done.stderr
    return [errno.errorcode.get(number, "") for number in json.loads(done.stdout)]


# Calls that the default profile refuses, with arguments that do no harm if it does not.
DANGEROUS = [
    ("mount", 0, 0, 0, 0, 0), ("umount2", 0, 0), ("setns", 1 << 20, 0), ("keyctl", 0, 0, 0, 0, 0), ("bpf", 999, 0, 0),
    ("pivot_root", 0, 0), ("swapon", 0, 0), ("io_uring_setup", 0, 0), ("kexec_load", 0, 1000, 0, 0), ("acct", 1),
    ("open_by_handle_at", 0, 0, 0), ("perf_event_open", 0, 0, 0, 0, 0), ("unshare", 0x01), ("reboot", 1, 2, 3, 4),
    ("socket", 38, 5, 0), ("socket", 40, 1, 77), ("socket", 200, 1, 0), ("personality", 0x0400000),
    ("clone", 0x10000000 | 0x00020000 | 0x200),
]  # fmt: skip


def test_without_a_filter_none_of_the_dangerous_calls_is_refused() -> None:
    """Else the next test would say nothing."""
    assert "EPERM" not in answers([], *(call for call in DANGEROUS if call[0] not in ("perf_event_open", "clone")))


def test_the_default_profile_refuses_dangerous_calls() -> None:
    assert set(answers([DEFAULT], *DANGEROUS)) == {"EPERM"}


def test_the_default_profile_hides_calls_that_it_does_not_know() -> None:
    assert answers([DEFAULT], ("clone3", 0, 0), (max(NUMBERS.values()) + 1,), (9999,)) == ["ENOSYS"] * 3


def test_ordinary_programs_run_under_the_default_profile() -> None:
    script = (
        "import os, socket, subprocess, threading, time, tempfile, mmap, select\n"
        "thread = threading.Thread(target=time.sleep, args=(0.001,)); thread.start(); thread.join()\n"
        "socket.socket(socket.AF_INET).close(); a, b = socket.socketpair(); a.send(b'x'); b.recv(1)\n"
        "assert subprocess.run(['/bin/sh', '-c', 'ls / | wc -l'], capture_output=True).returncode == 0\n"
        "with tempfile.TemporaryFile() as file: file.write(b'x' * 4096); file.flush(); mmap.mmap(file.fileno(), 4096)\n"
        "epoll = select.epoll(); epoll.register(a); os.getrandom(8); os.sched_yield(); os.setpriority(0, 0, 1)\n"
        "os.pidfd_open(os.getpid()); os.memfd_create('x'); os.setgroups([]); os.setgid(5); os.setuid(5)\n"
    )
    code = (
        "import sys; from arch import kernel\n"
        "kernel.seccomp_filter(bytes.fromhex(sys.argv[1]))\n"
        "import os; os.execv(sys.executable, [sys.executable, '-c', sys.argv[2]])\n"
    )
    program = seccomp.compile(DEFAULT, MACHINE).hex()
    command = [sys.executable, "-c", code, program, script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("action", ["SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"])
def test_a_killing_action_ends_the_program_by_sigsys(action: str) -> None:
    profile = {**LENIENT, "syscalls": [{"names": ["getppid"], "action": action}]}
    assert child([profile], [(NUMBERS["getppid"],)]).returncode == -signal.SIGSYS


def test_a_logging_action_lets_the_call_through() -> None:
    profile = {**LENIENT, "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_LOG"}]}
    assert answers([profile], ("getppid",)) == [""]


def test_an_error_of_the_profiles_choice_is_returned() -> None:
    profile = {**LENIENT, "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77}]}
    assert answers([profile], ("getppid",)) == [errno.errorcode[77]]


def test_conditions_see_all_64_bits_of_an_argument() -> None:
    refused = {"index": 1, "op": "SCMP_CMP_GE", "value": 1 << 32}
    profile = {**LENIENT, "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "args": [refused]}]}
    calls = [("getppid", 0, value) for value in (0, (1 << 32) - 1, 1 << 32, (1 << 64) - 1)]
    assert answers([profile], *calls) == ["", "", "EPERM", "EPERM"]


def test_a_filter_is_accepted_from_an_ordinary_user_who_forbids_new_privileges() -> None:
    assert answers([DEFAULT], ("keyctl", 0, 0, 0, 0, 0), ("getppid",), user=65534) == ["EPERM", ""]


def test_a_kernel_without_seccomp_2_takes_the_filter_by_prctl() -> None:
    """The first filter makes the call go away, as it is before Linux 3.17."""
    ancient = {**LENIENT, "syscalls": [{"names": ["seccomp"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS}]}
    assert answers([ancient, DEFAULT], ("seccomp", 2, 0, 0), ("keyctl", 0, 0, 0, 0, 0)) == ["ENOSYS", "EPERM"]


@pytest.mark.parametrize("architecture", ["x86_64", "arm64", "arm", "i386", "ppc64le", "riscv64"])
def test_the_kernels_own_checker_accepts_programs_for_every_little_endian_machine(architecture: str) -> None:
    """In force a foreign one would kill us at once, so it stands behind a return that lets everything through."""
    program = bytes.fromhex("060000000000ff7f") + seccomp.compile(
        default_profile(architecture, capabilities.NAMES, (6, 18)), architecture
    )
    code = "import sys; from arch import kernel; kernel.seccomp_filter(bytes.fromhex(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, program.hex()], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@on_x86_64
def test_x32_calls_are_judged_as_the_call_they_are() -> None:
    mark = 0x40000000
    assert answers([DEFAULT], (mark | NUMBERS["mount"],), (mark | 999,)) == ["EPERM", "ENOSYS"]


@on_x86_64
def test_x32_calls_are_killed_by_a_profile_that_does_not_list_them() -> None:
    profile = {**LENIENT, "architectures": ["SCMP_ARCH_X86_64"]}
    assert child([profile], [(0x40000000 | NUMBERS["getppid"],)]).returncode == -signal.SIGSYS


def thirty_two_bit(folder: Path, profile: dict[str, Any] | None, number: int, *arguments: int) -> int:
    program = elf32.write(folder / "program", number, *arguments)
    return child([profile] if profile else [], [], execute=program).returncode


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if MACHINE != "x86_64":
        pytest.skip("about 32-bit programs on x86_64")
    try:
        subprocess.run([elf32.write(tmp_path / "probe", 20)], check=True)
    except OSError as error:
        pytest.skip(f"this kernel runs no 32-bit programs: {error}")
    return tmp_path


@pytest.mark.parametrize(
    ("number", "arguments", "free", "filtered"),
    [
        (20, (), 0, 0),  # getpid
        (21, (0, 0, 0), errno.EFAULT, errno.EPERM),  # mount
        (403, (0, 1), errno.EFAULT, errno.EFAULT),  # clock_gettime64 to nowhere
        (404, (0, 1), errno.EFAULT, errno.EPERM),  # clock_settime64
        (359, (1, 1, 0), 0, 0),  # socket, AF_UNIX
        (359, (38, 5, 0), 0, errno.EPERM),  # socket, AF_ALG
        (102, (1, 1), errno.EFAULT, errno.EFAULT),  # socketcall
        (136, (0x0400000,), 0, errno.EPERM),  # personality
        (435, (0, 0), errno.EINVAL, errno.ENOSYS),  # clone3
        (311, (0, 0), errno.EINVAL, errno.EINVAL),  # set_robust_list: 272 on x86_64 is unshare, 311 process_vm_writev
    ],
)
def test_32_bit_programs_meet_the_same_profile(
    folder: Path, number: int, arguments: tuple[int, ...], free: int, filtered: int
) -> None:
    if number == 359 and arguments[0] == 38 and thirty_two_bit(folder, None, number, *arguments) != 0:
        free = errno.EAFNOSUPPORT
    observed = thirty_two_bit(folder, None, number, *arguments)
    assert observed == free
    assert thirty_two_bit(folder, DEFAULT, number, *arguments) == filtered


def test_32_bit_programs_are_killed_by_a_profile_that_does_not_list_them(folder: Path) -> None:
    profile = {**LENIENT, "architectures": ["SCMP_ARCH_X86_64"]}
    assert thirty_two_bit(folder, profile, 20) == -signal.SIGSYS
