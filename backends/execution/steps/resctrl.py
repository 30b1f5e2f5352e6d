"""Into the container's resctrl group: linux.intelRdt."""

from __future__ import annotations

from backends.cgroups import resctrl
from backends.errors import CgroupError, StepFailed
from backends.execution.steps.step import PARENT, Context, Step


class JoinResctrl(Step):
    """`making`: it is the container's first process."""

    __slots__ = ("container", "making", "wish")
    place = PARENT

    def __init__(self, wish: resctrl.Wish, container: str, making: bool) -> None:
        self.wish = wish
        self.container = container
        self.making = making

    def describe(self) -> str:
        return f"join the group {self.wish.name} of resctrl"

    def execute(self, context: Context) -> None:
        """UnsupportedConfiguration where this host has no resctrl."""
        group = resctrl.Group(resctrl.top(), self.wish, self.container)
        try:
            if self.making:
                group.make()
            group.add(context.pid)
        except CgroupError as error:
            raise StepFailed(self.describe(), str(error), 0, error.hint) from error
