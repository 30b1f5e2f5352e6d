"""The loopback interface of a new network namespace, which begins down."""

from __future__ import annotations

from backends.execution.steps.step import Context, Step
from backends.network.loopback import bring_up


class RaiseLoopback(Step):
    __slots__ = ()

    def describe(self) -> str:
        return "bring up the loopback interface"

    def execute(self, context: Context) -> None:
        bring_up()
