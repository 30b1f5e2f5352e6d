"""linux.sysctl"""

from __future__ import annotations

import os

from arch import kernel
from backends.execution.steps.step import Context, Step

_PROC_MAGIC = 0x9FA0


def path_of(name: str) -> str:
    """sysctl(8): dots and slashes trade places, so that net/ipv4/conf/eth0.1/x can be named."""
    first = min((name.find(mark) for mark in "./" if mark in name), default=-1)
    if first >= 0 and name[first] == "/":
        return "/proc/sys/" + name
    return "/proc/sys/" + name.translate(str.maketrans("./", "/."))


class SetSysctls(Step):
    """Written through the host's /proc, before it goes: what it shows are the namespaces of who looks."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def describe(self) -> str:
        return "set " + " ".join(f"{name}={value}" for name, value in self.values.items())

    def execute(self, context: Context) -> None:
        for name, value in self.values.items():
            descriptor = os.open(path_of(name), os.O_WRONLY | os.O_CLOEXEC)
            try:
                if kernel.fstatfs_type(descriptor) != _PROC_MAGIC:
                    raise OSError(0, "this is not in a proc file system", path_of(name))
                os.write(descriptor, value.encode())
            except OSError as error:
                error.filename = path_of(name)
                raise
            finally:
                os.close(descriptor)
