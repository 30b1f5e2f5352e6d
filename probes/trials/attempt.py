"""What every trial is made of: a call that may be refused, a way into namespaces, a child that reports.

Runs in a forked child of the survey, or in a child of that: nothing here may wait for the parent's locks, and what is
made here is gone when the process is.
"""

from __future__ import annotations

import errno
import marshal
import os
from collections.abc import Callable
from typing import Any

from arch import kernel
from arch.parting import part_mounts

DIRECT = "direct"  # with the privileges that we have
USER = "user"  # inside a user namespace of our own


class Failed(Exception):
    """A call was refused, or did not have its effect (then `number` is 0 and `detail` says what was seen)."""

    def __init__(self, call: str, number: int = 0, detail: str = "") -> None:
        super().__init__(call, number, detail)
        self.call = call
        self.number = number
        self.detail = detail


def call(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls `function`; what the kernel refuses becomes a Failed that names the call."""
    try:
        return function(*arguments)
    except OSError as error:
        raise Failed(name, error.errno or 0, str(error.strerror or error)) from error


def write(path: str, text: str) -> None:
    """One write(2): what the kernel's control files want."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def inode(path: str) -> int:
    """The inode behind a link of /proc/PID/ns, or 0 where this kernel does not show it (before Linux 3.8)."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def become_root() -> None:
    """A user namespace in which we are root, with every effect verified: RHEL 6.8's unshare(CLONE_NEWUSER) succeeds
    and makes nothing, Ubuntu 24.04's succeeds and its AppArmor refuses what comes next."""
    user, group, before = os.geteuid(), os.getegid(), inode("/proc/self/ns/user")
    call("unshare(CLONE_NEWUSER)", kernel.unshare, kernel.CLONE_NEWUSER)
    if before and inode("/proc/self/ns/user") == before:
        raise Failed("unshare(CLONE_NEWUSER)", 0, "succeeded, and made no namespace")
    if os.path.exists("/proc/self/setgroups"):  # since 3.19, and backported: gid_map needs it
        call("write(/proc/self/setgroups)", write, "/proc/self/setgroups", "deny")
    call("write(/proc/self/uid_map)", write, "/proc/self/uid_map", f"0 {user} 1\n")
    call("write(/proc/self/gid_map)", write, "/proc/self/gid_map", f"0 {group} 1\n")
    if os.geteuid() != 0:
        raise Failed("geteuid()", 0, f"still user {os.geteuid()} after uid_map was written")


def enter(mode: str, flags: int) -> None:
    """New namespaces, in a new user namespace if `mode` is USER. New mounts never show outside."""
    if mode == USER:
        become_root()
    call("unshare(" + "|".join(names(flags)) + ")", kernel.unshare, flags)
    if flags & kernel.CLONE_NEWNS:
        call("mount(/, MS_REC|MS_PRIVATE)", part_mounts, kernel.MS_PRIVATE)


def names(flags: int) -> list[str]:
    kinds = ("NEWNS", "NEWPID", "NEWUTS", "NEWIPC", "NEWNET", "NEWUSER", "NEWCGROUP", "NEWTIME")
    return [f"CLONE_{kind}" for kind in kinds if flags & getattr(kernel, f"CLONE_{kind}")]


def errno_name(number: int | None) -> str:
    name = errno.errorcode.get(number or 0, "")
    return "EOPNOTSUPP" if name == "ENOTSUP" else name  # one number, two names: the man pages' one


def report(function: Callable[[], str]) -> bytes:
    """Runs `function` and packs how it went: (ok, errno's name, call, detail)."""
    try:
        return marshal.dumps((True, "", "", str(function() or "")))
    except Failed as failure:
        return marshal.dumps((False, errno_name(failure.number), failure.call, failure.detail))
    except OSError as error:
        return marshal.dumps((False, errno_name(error.errno), str(error.filename or ""), str(error.strerror or error)))
    except BaseException as error:  # a trial's own mistake is an answer too: "could not be tried"
        return marshal.dumps((False, "", "", f"{type(error).__name__}: {error}"))


def in_child(function: Callable[[], str], fork: Callable[[], int] = os.fork) -> str:
    """Runs `function` in a child (the first process of a new PID namespace, say) and returns what it returned."""
    reader, writer = os.pipe()
    pid = call("fork()", fork)
    if pid == 0:
        os.close(reader)
        os.write(writer, report(function))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    if not answer:
        raise Failed("fork()", 0, f"the child ended without an answer (wait status {status})")
    ok, name, failing, detail = marshal.loads(answer)
    if not ok:
        raise Failed(failing, getattr(errno, name, 0) if name else 0, detail)
    return str(detail)
