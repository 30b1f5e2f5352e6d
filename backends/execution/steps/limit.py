"""What a process may use."""

from __future__ import annotations

import resource

from backends.errors import StepFailed
from backends.execution.steps.step import CHILD, Context, Step

# The kernel's numbers, the same on all our machines (asm-generic/resource.h); mips, sparc and alpha differ.
LIMITS: dict[str, int] = {
    "RLIMIT_CPU": 0,
    "RLIMIT_FSIZE": 1,
    "RLIMIT_DATA": 2,
    "RLIMIT_STACK": 3,
    "RLIMIT_CORE": 4,
    "RLIMIT_RSS": 5,
    "RLIMIT_NPROC": 6,
    "RLIMIT_NOFILE": 7,
    "RLIMIT_MEMLOCK": 8,
    "RLIMIT_AS": 9,
    "RLIMIT_LOCKS": 10,
    "RLIMIT_SIGPENDING": 11,
    "RLIMIT_MSGQUEUE": 12,
    "RLIMIT_NICE": 13,
    "RLIMIT_RTPRIO": 14,
    "RLIMIT_RTTIME": 15,
}
_INFINITY = (1 << 63, 1 << 64)


class SetLimits(Step):
    """process.rlimits. In a user namespace the parent does it: the right to raise one is the host's to give."""

    __slots__ = ("limits", "place")

    def __init__(self, limits: list[tuple[str, int, int]], place: str = CHILD) -> None:
        self.limits = limits
        self.place = place

    def describe(self) -> str:
        return "limit " + " ".join(f"{name[7:].lower()}={soft}:{hard}" for name, soft, hard in self.limits)

    def execute(self, context: Context) -> None:
        for name, soft, hard in self.limits:
            self._set(context, name, (_clamp(soft), _clamp(hard)))

    def _set(self, context: Context, name: str, values: tuple[int, int]) -> None:
        number = LIMITS[name]
        try:
            if self.place == CHILD:
                resource.setrlimit(number, values)
            else:
                resource.prlimit(context.pid, number, values)
        except (ValueError, PermissionError):  # Python says ValueError for both EINVAL and EPERM
            present = resource.getrlimit(number)[1]
            raise StepFailed(
                self.describe(),
                f"{name} cannot be {values[0]}:{values[1]}: the hard limit here is {present}",
                1,
                "raising a hard limit needs CAP_SYS_RESOURCE; ask for no more than the present one",
            ) from None


def _clamp(value: int) -> int:
    """config.json's numbers are unsigned 64 bit; Python's RLIM_INFINITY is -1."""
    return resource.RLIM_INFINITY if value >= _INFINITY[0] or value < 0 else value
