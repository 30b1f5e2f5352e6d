"""Reading the kernel's counters: "key value" lines, and limits that mean "none"."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.folder import Folder

# v1 writes "unlimited" as the greatest number of whole pages: 0x7FFFFFFFFFFFF000 where pages are 4 KiB,
# 0x7FFFFFFFFFFF0000 where they are 64 KiB; kernels before 3.19 as LLONG_MAX itself.
_UNLIMITED = 0x7FFFFFFFFFFF0000


def table(text: str) -> dict[str, int]:
    """The lines "key number"; others are passed over."""
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value.lstrip("-").isdigit():
            found[key] = int(value)
    return found


def number(folder: Folder, name: str) -> int | None:
    """What a file counts; -1 for no limit; None where it is not counted here."""
    text = folder.find(name)
    if text == "max":
        return -1
    if not text.lstrip("-").isdigit():
        return None
    value = int(text)
    return -1 if value >= _UNLIMITED else value


def counted(**values: int | None) -> dict[str, int]:
    """The counters that this host has."""
    return {key: value for key, value in values.items() if value is not None}
