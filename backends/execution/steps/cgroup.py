"""Into the cgroup, and out of its sight."""

from __future__ import annotations

import os

from arch import kernel
from backends.execution.steps.step import Context, Step


class JoinCgroup(Step):
    """The process puts itself in: moving another one sleeps for an RCU grace period."""

    __slots__ = ()

    def describe(self) -> str:
        return "join the container's cgroup"

    def execute(self, context: Context) -> None:
        if context.cgroup is None:
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


class HideCgroups(Step):
    """After joining: a cgroup namespace's root is where its first process was."""

    __slots__ = ()

    def describe(self) -> str:
        return "create a cgroup namespace"

    def execute(self, context: Context) -> None:
        kernel.unshare(kernel.CLONE_NEWCGROUP)
