"""Errors of this room."""

from __future__ import annotations


class ProbeError(Exception):
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnknownCapability(ProbeError):
    """A name that is not in the catalogue: a programming error, or a policy with a typing error."""


class BadReport(ProbeError):
    """A report or recording that cannot be read."""


class NotRecorded(ProbeError):
    """A replayed host is asked what its recording does not answer."""
