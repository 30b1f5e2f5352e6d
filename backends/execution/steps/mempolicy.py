"""The nodes that a process's memory comes from: linux.memoryPolicy, set_mempolicy(2)."""

from __future__ import annotations

import errno

from arch import kernel
from backends.errors import StepFailed
from backends.execution.configuration import items, refuse, text
from backends.execution.lists import bits, numbers
from backends.execution.steps.step import Context, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# linux/mempolicy.h
MODES = {
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,  # Linux 3.8
    "MPOL_PREFERRED_MANY": 5,  # 5.15
    "MPOL_WEIGHTED_INTERLEAVE": 6,  # 6.9
}
FLAGS = {
    "MPOL_F_NUMA_BALANCING": 1 << 13,  # 5.12
    "MPOL_F_RELATIVE_NODES": 1 << 14,
    "MPOL_F_STATIC_NODES": 1 << 15,
}
_PATH = "linux.memoryPolicy"


class SetMemoryPolicy(Step):
    __slots__ = ("flags", "mode", "name", "nodes")

    def __init__(self, name: str, mode: int, flags: int, nodes: list[int]) -> None:
        self.name = name
        self.mode = mode
        self.flags = flags
        self.nodes = nodes

    def describe(self) -> str:
        nodes = f" of the nodes {', '.join(map(str, self.nodes))}" if self.nodes else ""
        return f"set the memory policy {self.name}{nodes}"

    def execute(self, context: Context) -> None:
        mask = bits(self.nodes) if self.nodes else b""
        count = 8 * len(mask) + 1 if mask else 0  # the kernel takes one off: get_nodes() of mm/mempolicy.c
        try:
            kernel.syscall("set_mempolicy", self.mode | self.flags, kernel.address(mask) if mask else None, count)
        except OSError as error:
            hint = {
                errno.ENOSYS: "this kernel was built without CONFIG_NUMA: leave linux.memoryPolicy out",
                errno.EINVAL: "a node is not there, or not in the cgroup's cpuset.mems; or the mode and the nodes or "
                "flags do not fit, or the mode is younger than this kernel",
                errno.EPERM: "an outer seccomp filter refuses set_mempolicy(2)",
            }.get(error.errno or 0, "")
            raise StepFailed(
                self.describe(), f"cannot {self.describe()}: {error.strerror}", error.errno or 0, hint
            ) from None


def steps_of(policy: dict[str, Any]) -> list[Step]:
    """UnsupportedConfiguration"""
    name = text(policy, "mode", f"{_PATH}.mode")
    if name not in MODES:
        raise refuse(f"{_PATH}.mode", f"invalid memory policy mode {name!r}: it is none of {', '.join(MODES)}")
    flags = 0
    for flag in items(policy, "flags", f"{_PATH}.flags"):
        if flag not in FLAGS:
            raise refuse(f"{_PATH}.flags", f"invalid memory policy flag {flag!r}: it is none of {', '.join(FLAGS)}")
        flags |= FLAGS[flag]
    listed = text(policy, "nodes", f"{_PATH}.nodes")
    nodes = numbers(listed, f"{_PATH}.nodes", "invalid memory policy nodes") if listed else []
    return [SetMemoryPolicy(name, MODES[name], flags, nodes)]
