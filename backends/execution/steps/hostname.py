"""The names of a UTS namespace."""

from __future__ import annotations

from arch import kernel
from backends.execution.steps.step import Context, Step


class SetHostname(Step):
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def describe(self) -> str:
        return f"set the host name {self.name}"

    def execute(self, context: Context) -> None:
        kernel.sethostname(self.name)


class SetDomainname(Step):
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def describe(self) -> str:
        return f"set the domain name {self.name}"

    def execute(self, context: Context) -> None:
        kernel.setdomainname(self.name)
