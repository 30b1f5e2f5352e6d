"""The ways into new namespaces. Each makes the container's process a direct child of the caller.

clone(2) with all flags at once is the quick way, and before Linux 3.8 the only one into a PID namespace. Where
namespaces are joined that only children enter (pid), or that decide about rights (user), or where the order matters
(time), an intermediate child does it step by step and begets the container's process as its own sibling, CLONE_PARENT.
"""

from __future__ import annotations

import _signal
import errno
import os

from arch import kernel
from backends.errors import StepFailed
from backends.execution import child
from backends.execution.channel import BORN
from backends.execution.namespaces.kinds import KINDS, names_of
from backends.execution.steps.step import PARENT, Context, Step

# Before Linux 5.3, an outer seccomp filter, before 5.7 (the structure is too large, or the flag unknown), and a cgroup
# that takes no processes of ours that way: then the child joins it, and says what is wrong with it.
_NO_CLONE3 = (errno.ENOSYS, errno.EPERM, errno.E2BIG, errno.EINVAL, errno.EOPNOTSUPP, errno.EBUSY, errno.EACCES)


def fork(context: Context, flags: int = 0) -> int:
    """clone(2) with every signal blocked, in the child for good: no handler of the parent's may run there.

    Straight into the v2 cgroup where the kernel can (Linux 5.7): to join it later sleeps for an RCU grace period.
    """
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    pid = 0
    try:
        pid = _clone(context, flags)
    finally:
        if pid:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
    return pid


def _clone(context: Context, flags: int) -> int:
    folder = context.cgroup.into() if context.cgroup is not None else ""
    if not folder:
        return kernel.clone(flags)
    cgroup = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    context.cloned = True
    try:
        return kernel.clone3(flags, cgroup)
    except OSError as error:
        if error.errno not in _NO_CLONE3:
            raise
        context.cloned = False
        return kernel.clone(flags)
    finally:
        os.close(cgroup)


class Birth(Step):
    __slots__ = ()
    place = PARENT


class CloneBirth(Birth):
    """`joins`: (kind, path) that the child enters itself."""

    __slots__ = ("flags", "joins", "preserved")

    def __init__(self, flags: int, joins: list[tuple[str, str]], preserved: int) -> None:
        self.flags = flags
        self.joins = joins
        self.preserved = preserved

    def describe(self) -> str:
        joined = "".join(f", join the {kind} namespace {path}" for kind, path in self.joins)
        return f"clone a child into new namespaces: {names_of(self.flags)}{joined}"

    def execute(self, context: Context) -> None:
        context.pid = fork(context, self.flags)
        if context.pid == 0:
            child.guard(context, lambda: self._live(context))

    def _live(self, context: Context) -> None:
        child.prepare(context, self.preserved)
        try:
            join(self.joins)
        except OSError as error:
            raise child.failure(self.describe(), error) from error
        child.run(context, 1)


class UnshareBirth(Birth):
    """`mapped`: the step after this one writes the user namespace's maps, for the intermediate child already."""

    __slots__ = ("flags", "joins", "mapped", "offsets", "preserved")

    def __init__(
        self, flags: int, joins: list[tuple[str, str]], preserved: int, mapped: bool, offsets: str = ""
    ) -> None:
        self.flags = flags
        self.joins = joins
        self.preserved = preserved
        self.mapped = mapped
        self.offsets = offsets

    def describe(self) -> str:
        joined = "".join(f"join the {kind} namespace {path}, " for kind, path in self.joins)
        return f"fork an intermediate child: {joined}unshare {names_of(self.flags)}, and clone a sibling"

    def execute(self, context: Context) -> None:
        context.pid = fork(context)
        if context.pid == 0:
            child.guard(context, lambda: self._beget(context))

    def _beget(self, context: Context) -> None:
        child.prepare(context, self.preserved)
        kernel.set_parent_death_signal(9)
        first = 1
        try:
            join(self.joins)
            if self.flags & kernel.CLONE_NEWUSER:
                kernel.unshare(kernel.CLONE_NEWUSER)
            if self.mapped:
                child.perform(context, 1)
                first = 2
            kernel.unshare(self.flags & ~kernel.CLONE_NEWUSER)
            self._offset_clocks()
            pid = kernel.clone(kernel.CLONE_PARENT)
        except OSError as error:
            raise child.failure(self.describe(), error) from error
        if pid == 0:
            # Nothing before the parent knows whom it hears: else this child's words might overtake its announcement.
            child.await_answer(context)
            child.run(context, first)
        context.channel.send(BORN, pid)
        os._exit(0)

    def _offset_clocks(self) -> None:
        """Before the first process is in the time namespace: time_namespaces(7)."""
        if self.offsets:
            with open("/proc/self/timens_offsets", "wb", 0) as stream:
                stream.write(self.offsets.encode())


def _refuse_the_hosts(namespace: int) -> None:
    """Whoever is in a mount namespace is given the root that the container pivots to, as with runc."""
    wanted = os.fstat(namespace)
    for process in ("self", "1"):
        try:
            found = os.stat(f"/proc/{process}/ns/mnt")
        except PermissionError:
            continue
        if (wanted.st_dev, wanted.st_ino) == (found.st_dev, found.st_ino):
            raise StepFailed(
                "join the mount namespace",
                "config.json: linux.namespaces: the mount namespace is the host's own, whose root would become the "
                "container's",
                0,
                "name one that was made for the container, or none: a new one is made then",
            )


def join(joins: list[tuple[str, str]]) -> None:
    """Those that need rights outside of a user namespace first, those that need rights in it after it."""
    opened = [(KINDS[kind].flag, os.open(path, os.O_RDONLY | os.O_CLOEXEC)) for kind, path in joins]
    for flag, descriptor in opened:
        if flag == kernel.CLONE_NEWNS:
            _refuse_the_hosts(descriptor)
    users = [entry for entry in opened if entry[0] == kernel.CLONE_NEWUSER]
    later = []
    for flag, descriptor in opened:
        if flag == kernel.CLONE_NEWUSER:
            continue
        try:
            kernel.setns(descriptor, flag)
        except PermissionError:
            if not users:
                raise
            later.append((flag, descriptor))
    for flag, descriptor in users + later:
        kernel.setns(descriptor, flag)
    for _, descriptor in opened:
        os.close(descriptor)
