"""Asking before something is lost."""

from __future__ import annotations

import sys

from runtime.errors import InvalidInput


def sure(warning: str) -> bool:
    """Whether the person says yes. InvalidInput where there is nobody to ask."""
    if not sys.stdin.isatty():
        text = warning[0].lower() + warning[1:].rstrip(".")
        raise InvalidInput(f"{text}, and nobody is there to be asked", "give --force")
    sys.stderr.write(f"WARNING! {warning}\nAre you sure you want to continue? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
