"""The CPUs that a process may run on, within its cgroup's."""

from __future__ import annotations

import os

from arch import kernel
from backends.execution.steps.step import Context, Step

_ALL = b"\xff" * 1024


class FreeAffinity(Step):
    """All CPUs that the container's cgroup has: who starts a container may itself be confined to some, and the kernel
    would leave it at that. Where that is refused (an outer seccomp filter), they stay."""

    __slots__ = ()

    def describe(self) -> str:
        return "run on all CPUs of the cgroup"

    def execute(self, context: Context) -> None:
        try:
            kernel.syscall("sched_setaffinity", 0, len(_ALL), _ALL)
        except OSError:
            return


class SetAffinity(Step):
    """process.execCPUAffinity.final"""

    __slots__ = ("cpus",)

    def __init__(self, cpus: list[int]) -> None:
        self.cpus = cpus

    def describe(self) -> str:
        return f"run on the CPUs {', '.join(map(str, self.cpus))}"

    def execute(self, context: Context) -> None:
        os.sched_setaffinity(0, self.cpus)
