"""Into the namespaces of a running container. On the launch path of exec."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.errors import StepFailed
from backends.execution import child
from backends.execution.channel import BORN
from backends.execution.namespaces.birth import Birth, fork
from backends.execution.namespaces.kinds import KINDS, names_of
from backends.execution.steps.step import Context, Step

_READ = os.O_RDONLY | os.O_CLOEXEC
_SIGKILL = 9


class EntryBirth(Birth):
    """Only children enter a PID namespace: for the moment of the fork, it is that of the caller's children. So the new
    process is a direct child, and no intermediate one is needed. Who may not enter the PID namespace from outside may
    from inside the user namespace that owns it: there an intermediate child goes, and begets a sibling of its own.

    cpus   process.execCPUAffinity.initial: where it begins, before it is in the container's cgroup
    """

    __slots__ = ("cpus", "preserved", "target")

    def __init__(self, target: int, preserved: int, cpus: list[int] | None = None) -> None:
        self.target = target
        self.preserved = preserved
        self.cpus = cpus or []

    def describe(self) -> str:
        where = f", on the CPUs {', '.join(map(str, self.cpus))}" if self.cpus else ""
        return f"fork a child into the PID namespace of process {self.target}{where}"

    def execute(self, context: Context) -> None:
        if not self.cpus:
            self._enter(context)
            return
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cpus)  # the child begins with ours
        try:
            self._enter(context)
        finally:
            os.sched_setaffinity(0, before)

    def _enter(self, context: Context) -> None:
        try:
            theirs = os.open(f"/proc/{self.target}/ns/pid", _READ)
            ours = os.open("/proc/self/ns/pid", _READ)
        except FileNotFoundError as error:
            if not os.path.exists(f"/proc/{self.target}"):
                raise
            raise no_way_in(self, error) from error
        try:
            if os.fstat(theirs).st_ino == os.fstat(ours).st_ino:
                self._fork(context)
                return
            try:
                kernel.setns(ours, kernel.CLONE_NEWPID)  # who may not come back must not go
                kernel.setns(theirs, kernel.CLONE_NEWPID)
            except PermissionError:
                self._fork(context, theirs)
                return
            except OSError as error:
                raise no_way_in(self, error) from error
            try:
                self._fork(context)
            finally:
                kernel.setns(ours, kernel.CLONE_NEWPID)
        finally:
            os.close(theirs)
            os.close(ours)

    def _fork(self, context: Context, through: int = -1) -> None:
        """`through`: a PID namespace to be entered by way of its user namespace."""
        try:
            context.pid = fork(context)
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise
            raise StepFailed(
                self.describe(), "the container's first process has ended: nothing can start in it", errno.ENOMEM
            ) from None
        if context.pid == 0:
            child.guard(context, lambda: self._live(context) if through < 0 else self._beget(context, through))

    def _beget(self, context: Context, namespace: int) -> None:
        kernel.set_parent_death_signal(_SIGKILL)
        user = os.open(f"/proc/{self.target}/ns/user", _READ)
        if os.fstat(user).st_ino != os.stat("/proc/self/ns/user").st_ino:
            kernel.setns(user, kernel.CLONE_NEWUSER)
        os.close(user)
        kernel.setns(namespace, kernel.CLONE_NEWPID)
        os.close(namespace)
        pid = kernel.clone(kernel.CLONE_PARENT)
        if pid == 0:
            child.await_answer(context)  # the parent knows us then
            self._live(context)
        context.channel.send(BORN, pid)
        os._exit(0)

    def _live(self, context: Context) -> None:
        child.prepare(context, self.preserved)
        child.run(context, 1)


class EnterTarget(Step):
    """The namespaces in which the target differs from us, one by one.

    With the mount namespace come the container's root and working folder.
    """

    __slots__ = ("target",)

    def __init__(self, target: int) -> None:
        self.target = target

    def describe(self) -> str:
        return f"join the namespaces of process {self.target}"

    def execute(self, context: Context) -> None:
        if not self.join() & kernel.CLONE_NEWNS:
            raise StepFailed(self.describe(), "it is not in a container: it has our own mount namespace")

    def join(self) -> int:
        """The flags of those that differed."""
        folder = os.open(f"/proc/{self.target}/ns", _READ | os.O_DIRECTORY)
        flags = 0
        for kind in KINDS.values():
            if kind.flag != kernel.CLONE_NEWPID and _differs(folder, kind.entry):
                flags |= kind.flag
        opened = {kind.flag: os.open(kind.entry, _READ, dir_fd=folder) for kind in KINDS.values() if kind.flag & flags}
        os.close(folder)
        # KINDS is in the order of joining: the user namespace first, it decides about the rights to the others.
        for flag, descriptor in opened.items():
            try:
                kernel.setns(descriptor, flag)
            except OSError as error:
                if error.errno == errno.ENOSYS:
                    raise no_way_in(self, error) from error
                error.strerror = f"{error.strerror} ({names_of(flag)})"
                raise
            os.close(descriptor)
        return flags


def no_way_in(step: Step, error: OSError) -> StepFailed:
    """A kernel that makes namespaces and lets nobody in: before 3.0, and for a PID or mount namespace before 3.8."""
    if error.errno not in (errno.ENOSYS, errno.EINVAL, errno.ENOENT):
        return StepFailed(step.describe(), str(error.strerror), error.errno or 0)
    return StepFailed(
        step.describe(),
        f"this kernel has no way into the namespaces of a running container ({error.strerror})",
        error.errno,
        "a mount or PID namespace can be entered since Linux 3.8, others since 3.0; a container without them can be: "
        "--backend execution=chroot --forbid mount-namespace,uts-namespace,ipc-namespace --network host",
    )


def _differs(folder: int, entry: str) -> bool:
    try:
        return os.stat(entry, dir_fd=folder).st_ino != os.stat(f"/proc/self/ns/{entry}").st_ino
    except FileNotFoundError:  # a kernel without that kind
        return False
