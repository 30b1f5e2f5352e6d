"""Errors of `runtime-oci`, worded as runc words them: engines look for parts of these sentences. On the launch path."""

from __future__ import annotations

import os

from backends.errors import BackendError, ProgramNotExecutable, ProgramNotFound, StepFailed
from runtime.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ENOEXEC = 8


class Refused(Problem):
    """What runc would refuse too, in its words."""

    exit_code = 1
    plain = ""


class Usage(Refused):
    """The command line cannot be understood."""


class NoContainer(Refused):
    def __init__(self) -> None:
        super().__init__("container does not exist")


def words(error: BaseException) -> str:
    """One line: what, why, and what to do about it."""
    if isinstance(error, OSError):
        place = error.filename or error.filename2
        shown = f" {place!s}" if place else ""
        return f"{_lower(error.strerror or str(error))}{':' if shown else ''}{shown}"
    if not isinstance(error, (Problem, BackendError)):
        return f"{type(error).__name__}: {error}"
    text = str(error)
    if isinstance(error, StepFailed) and error.errno:
        # Engines tell permissions and missing files from the rest by the kernel's words.
        kernel = os.strerror(error.errno).lower()
        text = text.replace(os.strerror(error.errno), kernel)
        if kernel not in text:
            text += f": {kernel}"
    return f"{text} ({error.hint})" if error.hint else text


def plain_words(error: BaseException | None) -> str:
    """What runc's own process says in the container's place, when everything was in force and only the program could
    not be executed; else nothing."""
    if isinstance(error, ProgramNotFound) and error.hint.startswith("the file is there"):
        return f"exec {error.step.split(' ')[1]}: no such file or directory"
    return ""


def start_words(error: BaseException, process: dict[str, Any]) -> str:
    """The same for what went wrong while a process was started."""
    arguments = process.get("args") or [""]
    name = str(arguments[0])
    before = "unable to start container process: "
    if isinstance(error, ProgramNotFound):
        if error.hint.startswith("the file is there"):
            return f"{before}exec {name}: no such file or directory ({error.hint})"
        if "/" in name:
            return f'{before}exec: "{name}": stat {name}: no such file or directory'
        return f'{before}exec: "{name}": executable file not found in $PATH'
    if isinstance(error, ProgramNotExecutable):
        if error.errno == _ENOEXEC:
            return f"{before}exec {name}: exec format error ({error.hint or error})"
        return f'{before}exec: "{name}": permission denied ({error})'
    if isinstance(error, StepFailed):
        before += "error during container init: "
        if error.step.startswith(("bind ", "mount ")):
            before += "error mounting: "
    return before + words(error)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
