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


class ForgetCommandLine(Step):
    """A first process of ours would show the container where the host keeps this program: proc(5), /proc/PID/cmdline
    is the process's own memory, from field 48 to field 49 of its stat (Linux 3.5). `name`: what it shows instead."""

    __slots__ = ("name",)

    def __init__(self, name: bytes = b"init") -> None:
        self.name = name + b"\0"

    def describe(self) -> str:
        return "forget the host's command line"

    def execute(self, context: Context) -> None:
        kernel.prctl(kernel.PR_SET_NAME, kernel.address(self.name))
        with open("/proc/self/stat", "rb", 0) as stream:
            fields = stream.read().rpartition(b")")[2].split()
        if len(fields) < 47:
            return  # an older kernel does not say where it is
        start, end = int(fields[45]), int(fields[46])
        with open("/proc/self/mem", "r+b", 0) as memory:
            memory.seek(start)
            memory.write(self.name.ljust(end - start, b"\0")[: end - start])
