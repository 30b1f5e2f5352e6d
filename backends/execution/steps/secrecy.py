"""Nothing in the container may look into the half-made process, nor may it outlive its parent."""

from __future__ import annotations

from arch import kernel
from backends.execution.steps.step import Context, Step

_SIGKILL = 9


class Conceal(Step):
    """Undumpable until the exec: no ptrace, no /proc/PID/fd, exe or root for the container's processes
    (CVE-2016-9962, CVE-2019-5736). Killed when the parent dies; a parent that is already dead shows as a closed
    channel."""

    __slots__ = ()

    def describe(self) -> str:
        return "become invisible to the container's processes, and die with the parent"

    def execute(self, context: Context) -> None:
        kernel.set_dumpable(False)
        kernel.set_parent_death_signal(_SIGKILL)
