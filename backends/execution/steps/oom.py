"""How soon the kernel's out-of-memory killer takes the process."""

from __future__ import annotations

import os

from backends.errors import StepFailed
from backends.execution.steps.step import Context, Step


class SetOomScore(Step):
    """process.oomScoreAdj; before the process becomes undumpable, after which the file is the host's root's."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def describe(self) -> str:
        return f"set the out-of-memory score adjustment {self.value}"

    def execute(self, context: Context) -> None:
        path = "/proc/self/oom_score_adj"
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, str(self.value).encode())
        except PermissionError as error:
            raise StepFailed(
                self.describe(), f"{error.strerror}: lowering it needs CAP_SYS_RESOURCE", error.errno or 0
            ) from None
        finally:
            os.close(descriptor)
