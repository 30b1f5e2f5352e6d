"""Reading a layer's archive: tar in every dialect that images come in, from whoever made it."""

from __future__ import annotations

import os
from typing import BinaryIO

from backends.errors import HostileLayer
from backends.storage import entry as kinds
from backends.storage import pax, sparse
from backends.storage.entry import Entry
from backends.storage.header import BLOCK, EMPTY, BadHeader, Header
from backends.storage.limits import Limits
from backends.storage.source import source

# V7 and ustar files, contiguous files, GNU's old sparse ones.
_FILES = frozenset((b"0", b"\0", b"7", b"S"))
_KINDS = frozenset(
    (kinds.HARD_LINK, kinds.SYMLINK, kinds.CHARACTER, kinds.BLOCK, kinds.FOLDER, kinds.FIFO)
)  # fmt: skip


class Archive:
    """`read` gives one entry after the other; `copy` writes the present one's content before the next is read.

    Every refusal is HostileLayer, with the entry's name and the reason.
    """

    def __init__(self, archive: BinaryIO, limits: Limits) -> None:
        self._source = source(archive)
        self._limits = limits
        self._left = 0  # of the present entry's content
        self._padding = 0
        self._name = b""
        self._globals: pax.Records = {}
        self._entries = 0
        self._bytes = 0

    def read(self) -> Entry | None:
        """The next entry, or None at the end."""
        try:
            self._source.skip(self._left)
            if not self._at_end():
                return self._entry()
        except EOFError:
            raise self._hostile("the archive is truncated") from None
        except BadHeader as error:
            raise self._hostile(str(error)) from None
        return None

    def _at_end(self) -> bool:
        """Passes over the last entry's padding. Some writers (umoci insert) stop right after the last byte of content;
        nothing is missing then."""
        padding, self._left, self._padding = self._padding, 0, 0
        if padding and not self._source.need(1):
            return True
        self._source.skip(padding)
        return False

    def copy(self, present: Entry, descriptor: int) -> None:
        """Writes the present entry's content to an empty file, holes as holes."""
        try:
            if present.sparse is None:
                self._source.copy(descriptor, present.size)
            else:
                self._copy_sparse(present, present.sparse, descriptor)
        except EOFError:
            raise self._hostile("the archive is truncated") from None
        self._left = 0

    def _copy_sparse(self, present: Entry, chunks: sparse.Map, descriptor: int) -> None:
        for offset, size in chunks:
            os.lseek(descriptor, offset, os.SEEK_SET)
            self._source.copy(descriptor, size)
        os.ftruncate(descriptor, present.length)

    def _entry(self) -> Entry | None:
        name = link = b""
        found: pax.Records = {}
        chunks: list[bytes] = []
        while True:
            block = self._block()
            if block is None:
                return None
            header = Header(block)
            kind = header.kind
            if kind in (b"x", b"X"):
                found, chunks = pax.records(self._extension(header))
            elif kind == b"g":
                self._defaults(header)
            elif kind == b"L":
                name = self._extension(header).rstrip(b"\0")
            elif kind == b"K":
                link = self._extension(header).rstrip(b"\0")
            elif kind == b"V":
                self._extension(header)  # a volume's label
            else:
                break
        entry = header.entry()
        entry.name = name or entry.name
        entry.link = link or entry.link
        self._name = entry.name
        if found or self._globals:
            pax.lay_over(entry, {**self._globals, **found} if self._globals else found)
            self._name = entry.name
        self._content(entry, block, found, chunks)
        return entry

    def _defaults(self, header: Header) -> None:
        self._globals.update(pax.records(self._extension(header))[0])
        if sum(len(key) + len(value) for key, value in self._globals.items()) > self._limits.header:
            raise BadHeader(f"global headers of more than {self._limits.header} bytes")

    def _content(self, entry: Entry, block: bytes, found: pax.Records, chunks: list[bytes]) -> None:
        """Settles what the entry is, and how much content follows it."""
        kind = entry.kind
        if kind in _FILES:
            # V7 had no folders but files whose name ends so.
            entry.kind = kinds.FOLDER if entry.name.endswith(b"/") and kind != b"S" else kinds.FILE
        elif kind == b"D":  # of GNU's incremental dumps
            entry.kind = kinds.FOLDER
        elif kind not in _KINDS:
            raise BadHeader(f"an entry of the unknown kind {kind!r}")
        pax.check(entry)
        whole = entry.size
        if entry.kind != kinds.FILE:
            # A link's or device's size means nothing, whatever it says; folders of GNU dumps have content.
            self._left = whole if kind == b"D" else 0
            self._padding = -self._left % BLOCK
            entry.size = entry.length = 0
        else:
            self._padding = -whole % BLOCK
            if kind == b"S":
                sparse.old(entry, block, self._source, self._limits.header)
            elif found and sparse.pax(entry, found, chunks, self._source, self._limits.header):
                self._name = entry.name
            self._left = entry.size
        self._account(entry)

    def _account(self, entry: Entry) -> None:
        limits = self._limits
        self._entries += 1
        self._bytes += entry.size
        if self._entries > limits.entries:
            raise BadHeader(f"the archive has more than {limits.entries} entries")
        if self._bytes > limits.size:
            raise BadHeader(f"the archive's files take more than {limits.size} bytes")
        if entry.length > limits.length:
            raise BadHeader(f"a file of {entry.length} bytes is longer than {limits.length}")

    def _block(self) -> bytes | None:
        """The next header, or None at the end: two empty blocks, or the end of the file where a header would be."""
        if self._source.need(1) == 0:
            return None
        block = self._source.take(BLOCK)
        if block != EMPTY:
            return block
        if self._source.need(BLOCK) < BLOCK or self._source.take(BLOCK) == EMPTY:
            return None
        raise BadHeader("data follows the end mark of the archive")

    def _extension(self, header: Header) -> bytes:
        if not 0 <= header.size <= self._limits.header:
            raise BadHeader(f"an extended header of {header.size} bytes; {self._limits.header} are allowed")
        self._entries += 1
        content = b""
        while len(content) < header.size:  # the source gives no more than its buffer holds
            content += self._source.take(min(header.size - len(content), 1 << 16))
        self._source.skip(-header.size % BLOCK)
        return content

    def _hostile(self, reason: str) -> HostileLayer:
        name = self._name.decode("utf-8", "backslashreplace")[:200]
        where = f"at or after entry {name!r}" if name else "at its first entry"
        return HostileLayer(f"the layer's archive is refused {where}: {reason}", "get the image again from its maker")
