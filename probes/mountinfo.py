"""/proc/PID/mountinfo, parsed: proc(5). Pure."""

from __future__ import annotations

from typing import NamedTuple


class Mount(NamedTuple):
    identity: int
    root: str  # of the mounted tree, inside its file system
    point: str
    options: tuple[str, ...]
    kind: str
    source: str
    super_options: tuple[str, ...]


def parse(text: str) -> tuple[Mount, ...]:
    """Lines that make no sense are left out: a line cut off by a race is not worth an error."""
    return tuple(mount for line in text.splitlines() if (mount := _line(line)) is not None)


def _line(line: str) -> Mount | None:
    before, separator, after = line.partition(" - ")
    left, right = before.split(" "), after.split(" ")
    if not separator or len(left) < 6 or len(right) < 3 or not left[0].isdigit():
        return None
    return Mount(
        int(left[0]),
        unescape(left[3]),
        unescape(left[4]),
        tuple(left[5].split(",")),
        right[0],
        unescape(right[1]),
        tuple(right[2].split(",")),
    )


def unescape(text: str) -> str:
    """Blanks, tabs, newlines and backslashes come as three octal digits."""
    if "\\" not in text:
        return text
    parts = text.split("\\")
    return parts[0] + "".join(_character(part) for part in parts[1:])


def _character(part: str) -> str:
    digits = part[:3]
    if len(digits) == 3 and all(digit in "01234567" for digit in digits):
        return chr(int(digits, 8)) + part[3:]
    return "\\" + part
