"""The descriptors that the container's program finds open."""

from __future__ import annotations

import errno
import fcntl
import os
import stat

from arch import kernel
from backends.execution.steps.step import Context, Step

_HIGHEST = 0x7FFFFFFF
_TIOCSCTTY = 0x540E  # asm-generic/ioctls.h, and powerpc's


class NewSession(Step):
    """A session, and so a process group, of its own: signals of the caller's terminal do not reach it."""

    __slots__ = ()

    def describe(self) -> str:
        return "start a new session"

    def execute(self, context: Context) -> None:
        os.setsid()


class ArrangeStreams(Step):
    """0, 1 and 2, and `preserved` more from 3 on, as the caller has them; nothing else."""

    __slots__ = ("preserved", "uid")

    def __init__(self, preserved: int, uid: int) -> None:
        self.preserved = preserved
        self.uid = uid

    def describe(self) -> str:
        more = f" and {self.preserved} more descriptors" if self.preserved else ""
        return f"arrange standard input, output and error{more}"

    def execute(self, context: Context) -> None:
        stdio = context.stdio
        wanted = (stdio.stdin, stdio.stdout, stdio.stderr)
        if context.terminal >= 0:
            fcntl.ioctl(context.terminal, _TIOCSCTTY, 0)
            wanted = (context.terminal,) * 3
        # First out of the way of each other: the caller's 2 may be the container's 1.
        copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3 + self.preserved) for descriptor in wanted]
        for number, descriptor in enumerate(copies):
            os.dup2(descriptor, number)
            os.close(descriptor)
            self._give(number)
        if context.terminal >= 0:
            os.close(context.terminal)
            context.terminal = -1
        for number in range(3, 3 + self.preserved):
            os.set_inheritable(number, True)

    def _give(self, number: int) -> None:
        """So that a program that is not root may open /dev/stdout, which is its own pipe."""
        found = os.fstat(number)
        if self.uid == found.st_uid or not stat.S_ISFIFO(found.st_mode):
            return
        try:
            os.fchown(number, self.uid, -1)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EINVAL, errno.EROFS):
                raise


def close_others(kept: set[int]) -> None:
    """Closes every descriptor but those: what the caller had open is not for the container (CVE-2024-21626)."""
    try:
        first = 0
        for descriptor in sorted(kept):
            if descriptor > first:
                kernel.close_range(first, descriptor - 1)
            first = descriptor + 1
        kernel.close_range(first, _HIGHEST)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):  # before Linux 5.9; an outer seccomp filter
            raise
        _close_listed(kept)


def _close_listed(kept: set[int]) -> None:
    try:
        listed = os.listdir("/proc/self/fd")
    except FileNotFoundError:  # a container without /proc
        listed = [str(number) for number in range(os.sysconf("SC_OPEN_MAX"))]
    for name in listed:
        if int(name) not in kept:
            try:
                os.close(int(name))
            except OSError as error:  # the listing's own
                if error.errno != errno.EBADF:
                    raise
