"""Errors of this room. Messages say what and why; `hint` says what to do."""

from __future__ import annotations


class ArchError(Exception):
    """Root of the errors that `arch` raises, apart from OSError, which the kernel's refusals are."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnknownArchitecture(ArchError):
    """A machine whose tables we do not have. Never answered with another machine's numbers."""


class UnknownSyscall(ArchError):
    """A call that does not exist on this machine, or that our tables do not know."""


class BadExecutable(ArchError):
    """A file that claims to be ELF and is not."""
