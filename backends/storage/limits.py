"""How much an archive may ask for before it is called hostile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """entries   files, folders and links in one archive
    size      bytes that its files take, holes not counted
    length    bytes of the longest file, holes counted
    header    bytes of one extended header: names, attributes, a sparse file's map
    """

    entries: int = 4_000_000
    size: int = 1 << 40
    length: int = 1 << 43
    header: int = 1 << 20
