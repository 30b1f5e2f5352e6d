"""Run inside a container: tries to leave it in every classic way, and says as JSON how each attempt ended: "out", or
the name of the error. Argument: the pid of a process outside that runs as user 1234 without capabilities.

Imports only what an interpreter has without its environment.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import stat
import sys
from collections.abc import Callable

OUTSIDER = int(sys.argv[1])
USER = 1234
LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
CLONE_NEWUSER = 0x10000000
NAME_TO_HANDLE_AT, OPEN_BY_HANDLE_AT = {"x86_64": (303, 304)}.get(os.uname().machine, (264, 265))


def call(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def second_chroot() -> None:
    os.makedirs("/tmp/second", exist_ok=True)
    os.chroot("/tmp/second")
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")


def parent_of_the_root() -> None:
    os.chdir("/")
    before = os.stat(".")
    os.chdir("../../../..")
    if os.path.samestat(before, os.stat(".")):
        raise OSError(errno.EXDEV, "still there")


def folder_left_open() -> None:
    root = os.stat("/")
    for name in os.listdir("/proc/self/fd"):
        try:
            found = os.fstat(int(name))
        except OSError:
            continue  # the listing's own
        if stat.S_ISDIR(found.st_mode) and not os.path.samestat(root, found):
            return
    raise OSError(errno.EBADF, "none")


def disk() -> None:
    os.mknod("/tmp/disk", stat.S_IFBLK | 0o600, os.makedev(254, 0))


def memory() -> None:
    os.mknod("/tmp/mem", stat.S_IFCHR | 0o600, os.makedev(1, 1))


def mount() -> None:
    call(LIBC.mount(b"proc", b"/tmp", b"proc", 0, None))


def user_namespace() -> None:
    call(LIBC.unshare(CLONE_NEWUSER))


def namespace_of_the_first_process() -> None:
    call(LIBC.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0))


def root_of_the_first_process() -> None:
    os.listdir("/proc/1/root/")


def handle() -> None:
    buffer, mount_id = ctypes.create_string_buffer(136), ctypes.c_int()
    ctypes.memmove(buffer, (128).to_bytes(4, sys.byteorder), 4)
    call(LIBC.syscall(NAME_TO_HANDLE_AT, -100, b"/", buffer, ctypes.byref(mount_id), 0))
    call(LIBC.syscall(OPEN_BY_HANDLE_AT, os.open("/", os.O_RDONLY), buffer, 0))


def as_outsider(action: Callable[[], None]) -> Callable[[], None]:
    """As the user of that process: CAP_SETUID allows it."""

    def changed() -> None:
        os.setresgid(USER, USER, USER)
        os.setgroups([])
        os.setresuid(USER, USER, USER)
        action()

    return changed


def root_of_an_outsider() -> None:
    os.listdir(f"/proc/{OUTSIDER}/root/")


def folder_of_an_outsider() -> None:
    os.chdir(f"/proc/{OUTSIDER}/cwd")


def trace_an_outsider() -> None:
    call(LIBC.ptrace(PTRACE_ATTACH, OUTSIDER, None, None))
    os.waitpid(OUTSIDER, 0x40000000)
    LIBC.ptrace(PTRACE_DETACH, OUTSIDER, None, None)


def signal_an_outsider() -> None:
    os.kill(OUTSIDER, 0)


ATTEMPTS: dict[str, Callable[[], None]] = {
    "second chroot": second_chroot,
    "parent of the root": parent_of_the_root,
    "folder left open": folder_left_open,
    "disk": disk,
    "memory": memory,
    "mount": mount,
    "user namespace": user_namespace,
    "namespace of the first process": namespace_of_the_first_process,
    "root of the first process": root_of_the_first_process,
    "handle": handle,
    "root of an outsider": as_outsider(root_of_an_outsider),
    "folder of an outsider": as_outsider(folder_of_an_outsider),
    "trace an outsider": as_outsider(trace_an_outsider),
    "signal an outsider": as_outsider(signal_an_outsider),
}


def attempt(action: Callable[[], None]) -> str:
    """In a child, so that none of them helps another."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "out"
        try:
            action()
        except OSError as error:
            said = errno.errorcode.get(error.errno or 0, str(error))
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with open(reading) as stream:
        return stream.read()


if __name__ == "__main__":
    json.dump({name: attempt(action) for name, action in ATTEMPTS.items()}, sys.stdout)
