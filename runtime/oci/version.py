"""What `--version` says, in the form that engines read."""

from __future__ import annotations

import os

from runtime.oci.place import program

SPECIFICATION = "1.3.0"


def text() -> str:
    return f"{program()} version {number()}\ncommit: {commit()}\nspec: {SPECIFICATION}\n"


def commit() -> str:
    """The checkout's that we run from, without asking git; empty where it is none."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        with open(f"{top}/.git/HEAD", encoding="utf-8") as file:
            head = file.read().strip()
        if not head.startswith("ref: "):
            return head
        with open(f"{top}/.git/{head[5:]}", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def number() -> str:
    from runtime.overview import VERSION

    return VERSION
