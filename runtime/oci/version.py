"""What `--version` says, in the form that engines read."""

from __future__ import annotations

SPECIFICATION = "1.2.0"


def text() -> str:
    return f"runtime-oci version {number()}\nspec: {SPECIFICATION}\n"


def number() -> str:
    from runtime.overview import VERSION

    return VERSION
