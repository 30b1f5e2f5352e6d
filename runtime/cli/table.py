"""Tables for people: columns as wide as they need be, titles on top."""

from __future__ import annotations

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = "   "


def width(text: str) -> int:
    """Columns that a terminal needs for a text."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def printable(text: str) -> str:
    """The text without characters that would move the cursor or colour the terminal: names and labels are others'."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines without trailing blanks, each ended by a newline."""
    cells = [list(titles), *([printable(cell) for cell in row] for row in rows)]
    widths = [max((width(row[column]) for row in cells), default=0) for column in range(len(titles))]
    lines = []
    for row in cells:
        padded = [cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths)]
        lines.append(_GAP.join(padded).rstrip())
    return "".join(line + "\n" for line in lines)


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
