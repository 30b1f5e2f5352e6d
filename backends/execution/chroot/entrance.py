"""Into a running container that has a root of its own, and perhaps no namespace. On the launch path of exec."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.errors import StepFailed
from backends.execution.chroot.way import confinement
from backends.execution.namespaces.entrance import EntryBirth, no_way_in
from backends.execution.namespaces.kinds import KINDS, names_of
from backends.execution.processes import Process
from backends.execution.steps.step import Context, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_KINDS = ("ipc", "uts", "network", "cgroup", "mount")


def entrance(target: int, process: dict[str, Any], report: HostReport, preserved: int) -> tuple[Step, list[Step]]:
    """The birth, and how the child then gets in."""
    cpus = Process(process, report, False).affinity("initial")
    return RootBirth(target, preserved, cpus), [EnterRoot(target), *confinement(process, report)]


class RootBirth(EntryBirth):
    """No PID namespace is entered, of which a kernel before Linux 3.8 could not tell."""

    __slots__ = ()

    def describe(self) -> str:
        return "fork a child" + (f", on the CPUs {', '.join(map(str, self.cpus))}" if self.cpus else "")

    def _enter(self, context: Context) -> None:
        self._fork(context)


class EnterRoot(Step):
    """Through /proc/PID/root, also where there is no setns(2): what is mounted there is walked to through a descriptor,
    whatever mount namespace it is in."""

    __slots__ = ("target",)

    def __init__(self, target: int) -> None:
        self.target = target

    def describe(self) -> str:
        return f"chroot to the root of process {self.target}"

    def execute(self, context: Context) -> None:
        root = os.open(f"/proc/{self.target}/root", _FOLDER)
        for flag, descriptor in self._differing():
            self._join(flag, descriptor)
            os.close(descriptor)
        # The mount namespace's root is ours now, or the host's still.
        if os.path.samestat(os.fstat(root), os.stat("/")):
            raise StepFailed(self.describe(), "it is not in a container: it has no root of its own")
        os.fchdir(root)
        os.chroot(".")
        os.chdir("/")
        os.close(root)

    def _differing(self) -> list[tuple[int, int]]:
        found = []
        for name in _KINDS:
            kind = KINDS[name]
            try:
                theirs = os.open(f"/proc/{self.target}/ns/{kind.entry}", os.O_RDONLY | os.O_CLOEXEC)
                ours = os.stat(f"/proc/self/ns/{kind.entry}")
            except FileNotFoundError:  # a kernel without that kind, or before Linux 3.0
                continue
            if os.path.samestat(os.fstat(theirs), ours):
                os.close(theirs)
            else:
                found.append((kind.flag, theirs))
        return found

    def _join(self, flag: int, descriptor: int) -> None:
        try:
            kernel.setns(descriptor, flag)
        except OSError as error:
            if flag == kernel.CLONE_NEWNS and error.errno in (errno.ENOSYS, errno.EINVAL):  # before Linux 3.8
                return
            if error.errno == errno.ENOSYS:
                raise no_way_in(self, error) from error
            error.strerror = f"{error.strerror} ({names_of(flag)})"
            raise


class Recognize(Step):
    """Before Linux 3.0 a namespace has no name: nobody can tell that it is another one, nor enter it. Without this, a
    program would be started beside the container's namespaces instead of in them."""

    __slots__ = ("kinds",)

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds

    def describe(self) -> str:
        return f"tell the container's namespaces from ours: {' '.join(self.kinds)}"

    def execute(self, context: Context) -> None:
        for name in self.kinds:
            try:
                os.stat(f"/proc/self/ns/{KINDS[name].entry}")
            except FileNotFoundError as error:
                raise no_way_in(self, error) from error
