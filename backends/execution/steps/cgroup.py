"""Into the cgroup, and out of its sight."""

from __future__ import annotations

import os

from arch import kernel
from backends.execution.child import ask
from backends.execution.steps.step import Context, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import Cgroup


class JoinCgroup(Step):
    """The process puts itself in: moving another one sleeps for an RCU grace period. Where a keeper of cgroups does it,
    the parent is asked to have it done."""

    __slots__ = ()

    def describe(self) -> str:
        return "join the container's cgroup"

    def execute(self, context: Context) -> None:
        if context.cgroup is None:
            return
        if context.cgroup.keeper:
            self._have_it_done(context, context.cgroup)
            return
        for path in context.cgroup.joining(cloned=context.cloned):
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(descriptor, b"0")
            except OSError as error:
                error.filename = path
                raise
            finally:
                os.close(descriptor)

    def _have_it_done(self, context: Context, cgroup: Cgroup) -> None:
        if context.pid:  # we are the parent
            cgroup.add(context.pid)
        else:
            ask(context, context.steps.index(self))


class HideCgroups(Step):
    """After joining: a cgroup namespace's root is where its first process was."""

    __slots__ = ()

    def describe(self) -> str:
        return "create a cgroup namespace"

    def execute(self, context: Context) -> None:
        kernel.unshare(kernel.CLONE_NEWCGROUP)
