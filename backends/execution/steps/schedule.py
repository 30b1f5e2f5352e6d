"""When the process runs, and when its I/O does."""

from __future__ import annotations

import errno

from arch import kernel
from backends.errors import StepFailed
from backends.execution.steps.step import Context, Step


class SetScheduler(Step):
    __slots__ = ("flags", "name", "policy", "values")

    def __init__(self, name: str, policy: int, flags: int, values: dict[str, int]) -> None:
        self.name = name
        self.policy = policy
        self.flags = flags
        self.values = values

    def describe(self) -> str:
        return f"schedule by {self.name}"

    def execute(self, context: Context) -> None:
        try:
            kernel.sched_setattr(0, self.policy, self.flags, **self.values)
        except PermissionError as error:
            raise StepFailed(
                self.describe(),
                f"cannot {self.describe()}: {error.strerror}",
                errno.EPERM,
                "it takes CAP_SYS_NICE; and process scheduler can't be used together with AllowedCPUs: SCHED_DEADLINE "
                "needs all CPUs, leave linux.resources.cpu.cpus out",
            ) from None


class SetIoPriority(Step):
    __slots__ = ("kind", "level")

    def __init__(self, kind: int, level: int) -> None:
        self.kind = kind
        self.level = level

    def describe(self) -> str:
        return f"give I/O the priority {self.level} of class {self.kind}"

    def execute(self, context: Context) -> None:
        kernel.ioprio_set(0, self.kind, self.level)
