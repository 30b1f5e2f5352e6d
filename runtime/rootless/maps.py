"""Who is who in the user namespace of an ordinary user: user_namespaces(7), subuid(5). Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    # (first id inside, first id outside, how many)
    Map = list[tuple[int, int, int]]


def maps(text: str, own: int, name: str) -> Map:
    """The user himself is root inside; from 1 on follow the ranges that a file in the manner of subuid(5) gives him.
    Of ranges that overlap the kernel would refuse all, so the later one is left out."""
    found: Map = [(0, own, 1)]
    for first, size in _ranges(text, own, name):
        if all(first + size <= start or start + count <= first for _, start, count in found):
            found.append((found[-1][0] + found[-1][2], first, size))
    return found


def _ranges(text: str, own: int, name: str) -> list[tuple[int, int]]:
    found = []
    for line in text.splitlines():
        fields = line.strip().split(":")
        if len(fields) != 3 or not fields[0] or fields[0] not in (name, str(own)):
            continue
        if fields[1].isdigit() and fields[2].isdigit() and int(fields[2]):
            found.append((int(fields[1]), int(fields[2])))
    return found


def count(mapped: Map) -> int:
    return sum(size for _, _, size in mapped)
