"""The five sets of capabilities(7)."""

from __future__ import annotations

import errno

from arch import kernel
from backends.errors import StepFailed
from backends.execution.steps.step import Context, Step

_WORDS = 64


class DropBounding(Step):
    """Before the user changes: dropping takes CAP_SETPCAP."""

    __slots__ = ("bounding",)

    def __init__(self, bounding: int) -> None:
        self.bounding = bounding

    def describe(self) -> str:
        return f"bound capabilities to {self.bounding:#x}"

    def execute(self, context: Context) -> None:
        for capability in range(_WORDS):
            if self.bounding >> capability & 1:
                continue
            try:
                kernel.bounding_drop(capability)
            except OSError as error:
                if error.errno == errno.EINVAL:  # past the last one of this kernel
                    return
                raise


class RaiseCapabilities(Step):
    """For what is still to be done by another user than root: his change emptied the effective set."""

    __slots__ = ()

    def describe(self) -> str:
        return "make the permitted capabilities effective"

    def execute(self, context: Context) -> None:
        _, permitted, inheritable = kernel.capget()
        kernel.capset(permitted, permitted, inheritable)


class SetCapabilities(Step):
    """After the user has changed, which empties the effective set."""

    __slots__ = ("ambient", "effective", "inheritable", "permitted")

    def __init__(self, effective: int, permitted: int, inheritable: int, ambient: int) -> None:
        self.effective = effective
        self.permitted = permitted
        self.inheritable = inheritable
        self.ambient = ambient

    def describe(self) -> str:
        return f"keep the capabilities {self.permitted:#x}, effective {self.effective:#x}, ambient {self.ambient:#x}"

    def execute(self, context: Context) -> None:
        try:
            kernel.capset(self.effective, self.permitted, self.inheritable)
        except PermissionError as error:
            lacking = self.permitted & ~kernel.capget()[1]
            raise StepFailed(
                self.describe(),
                f"{error.strerror}: this process does not have {_names(lacking)} to give",
                errno.EPERM,
                "ask for fewer capabilities: nobody can hand on what he lacks",
            ) from None
        self._set_ambient()

    def _set_ambient(self) -> None:
        try:
            kernel.ambient_clear()
        except OSError as error:
            if error.errno != errno.EINVAL or self.ambient:  # EINVAL: before Linux 4.3
                raise
        for capability in range(_WORDS):
            if self.ambient >> capability & 1:
                kernel.ambient_raise(capability)


def _names(bits: int) -> str:
    from backends.security.capabilities import names

    return ", ".join(names(bits)) or f"{bits:#x}"
