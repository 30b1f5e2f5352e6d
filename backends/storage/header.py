"""One block of a tar archive: the header, in the dialects of V7, ustar, pax, GNU and star (tar(5), POSIX pax)."""

from __future__ import annotations

from struct import Struct
from zlib import adler32

from backends.storage.entry import Entry

BLOCK = 512
EMPTY = bytes(BLOCK)

_FIELDS = Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")
_SUM = slice(148, 156)
_DEVICES = frozenset((b"3", b"4"))

# Fields repeat: modes, owners, one build's times. Bounded, because the archive's maker chooses them.
_numbers: dict[bytes, int] = {}
_MOST_NUMBERS = 4096


class BadHeader(ValueError):
    """What is wrong with a header; the reader adds the entry and the place."""


class Header:
    """The fields of a block; most headers that extend others need no more of them than `kind` and `size`."""

    __slots__ = ("_fields", "kind", "size")

    def __init__(self, block: bytes) -> None:
        """BadHeader."""
        if not _sum_is_right(block):
            raise BadHeader("its checksum is wrong: the archive is damaged, or no tar archive")
        self._fields = _FIELDS.unpack(block)
        self.kind: bytes = self._fields[7]
        self.size = number(self._fields[4])

    def entry(self) -> Entry:
        """What the header says by itself. BadHeader."""
        (name, mode, uid, gid, _, mtime, _, kind, link, magic, _, _, major, minor, prefix) = self._fields
        name = name.partition(b"\0")[0]
        if magic == b"ustar\x0000" and prefix[0]:
            name = prefix.partition(b"\0")[0] + b"/" + name
        entry = Entry(
            name, kind, number(mode) & 0o7777, number(uid), number(gid), self.size, number(mtime) * 1_000_000_000,
            link.partition(b"\0")[0],
        )  # fmt: skip
        if kind in _DEVICES:
            entry.major, entry.minor = number(major), number(minor)
        return entry


def _sum_is_right(block: bytes) -> bool:
    # The sum of all bytes, the sum's own field counted as blanks. The low half of adler32 is that sum plus one, modulo
    # 65521, at the speed of C: enough to find damage, which is all a checksum of 1979 is for.
    field = block[_SUM]
    try:
        wanted = number(field)
    except BadHeader:
        return False
    total = (adler32(block) & 0xFFFF) - 1 - sum(field) + 8 * 0x20
    if (total - wanted) % 65521 == 0:
        return True
    signed = sum(byte - 256 if byte > 127 else byte for byte in block) - sum(
        byte - 256 if byte > 127 else byte for byte in field
    )
    return signed + 8 * 0x20 == wanted  # what some old tars wrote


def number(field: bytes) -> int:
    """Octal digits, or GNU's base 256. BadHeader."""
    known = _numbers.get(field)
    if known is not None:
        return known
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        if field[0] & 0x40:  # two's complement, in all the bits but the first
            value -= 1 << (8 * len(field) - 1)
    else:
        digits = field.strip(b" \0").partition(b"\0")[0].rstrip()
        try:
            value = int(digits, 8) if digits.isdigit() else _nothing(digits)
        except ValueError:
            raise BadHeader(f"a number that is none: {field!r}") from None
    if len(_numbers) < _MOST_NUMBERS:
        _numbers[field] = value
    return value


def _nothing(digits: bytes) -> int:
    if digits:
        raise ValueError
    return 0
