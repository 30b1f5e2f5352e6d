"""Sizes as people write them: "512m", "1.5g", "64k". Binary units, as docker reads them."""

from __future__ import annotations

from runtime.errors import InvalidInput

_SIZE = r"([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)(?:i?b)?"
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_LARGEST = 2**63 - 1  # what the kernel's counters and JSON readers of other languages hold


def parse_size(text: str, flag: str = "size") -> int:
    """Bytes. InvalidInput, naming the flag that had it."""
    import re  # only for those who ask: it takes 6 ms

    found = re.fullmatch(_SIZE, text.strip().lower(), re.ASCII)
    if found is None:
        raise InvalidInput(f"{flag}: {text!r} is not a size", "write a number with b, k, m or g: 512m")
    number, unit = found.groups()
    whole, _, fraction = number.partition(".")
    # Not through float: 8-byte counts lose their last digits there.
    scale: int = 1024 ** _POWER[unit]
    size = int(whole) * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)
    if size > _LARGEST:
        raise InvalidInput(f"{flag}: {text!r} is more than {_LARGEST} bytes")
    return size


def parse_signed_size(text: str, flag: str) -> int:
    """As `parse_size`, and "-1" for unlimited."""
    return -1 if text.strip() == "-1" else parse_size(text, flag)
