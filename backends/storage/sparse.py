"""Sparse files in tar archives: GNU's old format, and its pax formats 0.0, 0.1 and 1.0 (GNU tar manual, appendix E)."""

from __future__ import annotations

from backends.storage.entry import Entry
from backends.storage.header import BLOCK, BadHeader, number
from backends.storage.pax import Records, whole
from backends.storage.source import Source

Map = list[tuple[int, int]]

_OLD_ENTRIES = 4
_EXTENSION_ENTRIES = 21


def old(entry: Entry, block: bytes, source: Source, most: int) -> None:
    """The old GNU format: the map is in the header and in blocks that follow it. BadHeader, EOFError."""
    length = number(block[483:495])
    found = _structures(block, 386, _OLD_ENTRIES)
    more = block[482]
    while more:
        most -= BLOCK
        if most < 0:
            raise BadHeader("its sparse map is too long")
        block = source.take(BLOCK)
        found += _structures(block, 0, _EXTENSION_ENTRIES)
        more = block[504]
    _settle(entry, found, length)


def _structures(block: bytes, at: int, count: int) -> Map:
    found = []
    for place in range(at, at + 24 * count, 24):
        if not block[place]:
            break
        found.append((number(block[place : place + 12]), number(block[place + 12 : place + 24])))
    return found


def pax(entry: Entry, records: Records, chunks: list[bytes], source: Source, most: int) -> bool:
    """The three pax formats; whether the entry was of one. Takes a map of format 1.0 from the data. BadHeader."""
    if records.get(b"GNU.sparse.major") == b"1" and records.get(b"GNU.sparse.minor", b"0") == b"0":
        found = _first(entry, source, most)
    elif b"GNU.sparse.map" in records:
        text = records[b"GNU.sparse.map"]
        found = _pairs([whole(value, "sparse map") for value in text.split(b",")] if text else [])
    elif chunks:
        found = _pairs([whole(value, "sparse map") for value in chunks])
    elif b"GNU.sparse.major" in records:
        raise BadHeader("a sparse format that is unknown")
    else:
        return False
    length = records.get(b"GNU.sparse.realsize", records.get(b"GNU.sparse.size"))
    if length is None:
        raise BadHeader("a sparse file without its size")
    name = records.get(b"GNU.sparse.name")
    if name:
        entry.name = name
    _settle(entry, found, whole(length, "sparse size"))
    return True


def _first(entry: Entry, source: Source, most: int) -> Map:
    # Format 1.0: decimal numbers, a line each, before the data: how many pairs, then the pairs; padded to a block.
    text = b""
    numbers: list[int] = []
    wanted = 1
    while len(numbers) < wanted:
        line, newline, rest = text.partition(b"\n")
        if not newline:
            if len(line) > 24 or entry.size < BLOCK:
                raise BadHeader("a sparse map that does not end")
            text += source.take(BLOCK)
            entry.size -= BLOCK
            continue
        numbers.append(whole(line, "sparse map"))
        text = rest
        if len(numbers) == 1:
            wanted = 1 + 2 * numbers[0]
            if numbers[0] * 24 > most:
                raise BadHeader("its sparse map is too long")
    return _pairs(numbers[1:])


def _pairs(numbers: list[int]) -> Map:
    if len(numbers) % 2:
        raise BadHeader("a sparse map of an odd length")
    return list(zip(numbers[::2], numbers[1::2]))


def _settle(entry: Entry, found: Map, length: int) -> None:
    end = 0
    for offset, size in found:
        if offset < end or size < 0:
            raise BadHeader("a sparse map that overlaps itself")
        end = offset + size
    if end > length:
        raise BadHeader("a sparse map that is longer than its file")
    if sum(size for _, size in found) != entry.size:
        raise BadHeader("a sparse map that does not fit its data")
    entry.length = length
    entry.sparse = [(offset, size) for offset, size in found if size]
