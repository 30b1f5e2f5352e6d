"""A folder that has to be there."""

from __future__ import annotations

import os

from arch import inside
from backends.execution.steps.step import Context, Step


class MakeFolder(Step):
    """The working folder: made where the image lacks it, as other runtimes do."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def describe(self) -> str:
        return f"make the folder {self.path} if it is missing"

    def execute(self, context: Context) -> None:
        os.close(inside.make_directories(context.root, self.path))
