"""Signals by number and by name, as kill(1) takes them. On the launch path."""

from __future__ import annotations

import _signal

from runtime.oci.errors import Refused

_LAST = 64
_ALIASES = {"IOT": "ABRT", "CLD": "CHLD", "POLL": "IO"}


def number_of(text: str) -> int:
    """Refused"""
    if text.lstrip("-").isdigit():
        number = int(text)
        if 0 <= number <= _LAST:
            return number
        raise Refused(f"unknown signal {text!r}")
    name = text.upper()
    name = name.removeprefix("SIG")
    first, _, offset = name.partition("+")
    if first == "RTMIN" and (offset.isdigit() or not offset):
        return _SIGRTMIN + int(offset or 0)
    first, _, offset = name.partition("-")
    if first == "RTMAX" and (offset.isdigit() or not offset):
        return _LAST - int(offset or 0)
    found = getattr(_signal, "SIG" + _ALIASES.get(name, name), None)
    if not isinstance(found, int) or name.startswith("_"):
        raise Refused(f'unknown signal "{text}"')
    return found


_SIGRTMIN = int(_signal.SIGRTMIN)
