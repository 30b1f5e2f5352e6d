"""Errors of security: what was asked for cannot be expressed, or not on this machine."""

from __future__ import annotations

from backends.errors import BackendError


class SecurityError(BackendError):
    pass


class UnknownCapabilityName(SecurityError):
    """No kernel has a capability of that name."""


class UnavailableCapability(SecurityError):
    """A capability that exists, but not in this kernel, or not for this program."""


class BadProfile(SecurityError):
    """A seccomp profile that cannot be understood. Names the JSON path."""


class FilterTooLarge(SecurityError):
    """A profile that compiles to more than the 4096 instructions which the kernel takes."""
