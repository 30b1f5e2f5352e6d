"""Lists of CPUs and of memory nodes, as config.json and the kernel write them: "0-3,7". cpuset(7), "Formats". Pure."""

from __future__ import annotations

from backends.execution.configuration import refuse

MOST = 8192  # CPUs of the largest kernel configuration; nodes are fewer


def numbers(text: str, path: str, what: str) -> list[int]:
    """In order. UnsupportedConfiguration, by `path`."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
            raise refuse(path, f"{what} {text!r}: {part!r} is neither a number nor a range of numbers")
        if not int(first) <= int(last) < MOST:
            raise refuse(path, f"{what} {text!r}: {part!r} does not rise, or is beyond {MOST - 1}")
        found.update(range(int(first), int(last) + 1))
    return sorted(found)


def bits(members: list[int]) -> bytes:
    """As the kernel's masks are: an array of unsigned long, in the machine's byte order."""
    from sys import byteorder, maxsize

    word = 8 if maxsize > 1 << 32 else 4
    count = members[-1] // (8 * word) + 1 if members else 1
    content = b""
    for index in range(count):
        first = index * 8 * word
        value = sum(1 << number - first for number in members if first <= number < first + 8 * word)
        content += value.to_bytes(word, byteorder)
    return content
