"""Prints the requirements of pyproject.toml, and of the extras named: what pip is to install.

    python3 ci/dependencies.py [EXTRA ...]

Reads the file without tomllib, which Python has since 3.11 only: our lists are Python's too.
"""

from __future__ import annotations

import ast
import os
import re
import sys

PROJECT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pyproject.toml")


def requirements(text: str, extras: tuple[str, ...] = ()) -> list[str]:
    """KeyError for an extra that is not there."""
    found: list[str] = []
    for name in ("dependencies", *extras):
        start = re.search(rf"^{re.escape(name)} = (?=\[)", text, re.MULTILINE)
        if start is None:
            raise KeyError(f"pyproject.toml has no list {name}")
        found += first_list(text[start.end() :])
    return found


def first_list(text: str) -> list[str]:
    """What the text begins with, up to the bracket that closes it; one in a comment or in a string closes nothing."""
    for bracket in re.finditer(r"\]", text):
        try:
            return list(ast.literal_eval(text[: bracket.end()]))
        except SyntaxError:
            continue
    raise ValueError(f"a list without an end: {text[:60]!r}")


def main(arguments: list[str]) -> int:
    with open(PROJECT, encoding="utf-8") as file:
        print("\n".join(requirements(file.read(), tuple(arguments))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
