"""Where an archive's bytes come from: a region of a file, which the kernel can copy by itself, or any stream."""

from __future__ import annotations

import io
import os
from stat import S_ISREG
from typing import BinaryIO, cast

from backends.storage.data import copy_range

_BUFFER = 1 << 20

# From here on the kernel copies a file's content by itself; below, a write from the buffer is quicker than the call.
_LARGE = 1 << 18


class Region(io.RawIOBase):
    """Part of a file as a file of its own, such as a layer inside another archive. Closing it leaves the file open."""

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self._descriptor = descriptor
        self.offset = offset
        self.length = length
        self._at = 0

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self.length - self._at)
        if wanted <= 0:
            return 0
        got = os.preadv(self._descriptor, [memoryview(buffer)[:wanted]], self.offset + self._at)
        self._at += got
        return got


def region(descriptor: int, offset: int, length: int) -> BinaryIO:
    """A part of an open regular file, for `StorageBackend.apply`: read at its place, so the file's own position stays
    and several may be read at once."""
    return cast(BinaryIO, Region(descriptor, offset, length))


def source(archive: BinaryIO) -> Source:
    """The best way to read what is left of `archive`."""
    if isinstance(archive, Region):
        return FileSource(archive.fileno(), archive.offset + archive.tell(), archive.offset + archive.length)
    if isinstance(archive, io.BufferedReader) and isinstance(archive.raw, io.FileIO):
        status = os.fstat(archive.fileno())
        if S_ISREG(status.st_mode):
            return FileSource(archive.fileno(), archive.tell(), status.st_size)
    return Source(archive)


class Source:
    """A stream, read through one buffer. `at` to `end` of `view` is what it holds now."""

    def __init__(self, archive: BinaryIO | None) -> None:
        self._archive = archive
        self.view = memoryview(bytearray(_BUFFER))
        self.at = 0
        self.end = 0

    def need(self, wanted: int) -> int:
        """Has at least `wanted` (no more than the buffer) bytes ready, or all there are; how many are."""
        ready = self.end - self.at
        if ready >= wanted:
            return ready
        self.view[:ready] = bytes(self.view[self.at : self.end])
        self.at = 0
        self.end = ready
        while self.end < wanted:
            got = self._read(self.view[self.end :])
            if not got:
                break
            self.end += got
        return self.end

    def take(self, wanted: int) -> bytes:
        """EOFError if there are fewer."""
        if self.need(wanted) < wanted:
            raise EOFError
        start = self.at
        self.at += wanted
        return self.view[start : self.at].tobytes()

    def skip(self, wanted: int) -> None:
        while wanted:
            ready = min(wanted, self.need(1))
            if not ready:
                raise EOFError
            self.at += ready
            wanted -= ready

    def copy(self, descriptor: int, wanted: int) -> None:
        """Writes so many bytes to a file."""
        if wanted <= _LARGE:
            if self.need(wanted) < wanted:
                raise EOFError
            write_all(descriptor, self.view[self.at : self.at + wanted])
            self.at += wanted
            return
        ready = min(wanted, self.end - self.at)
        write_all(descriptor, self.view[self.at : self.at + ready])
        self.at += ready
        if ready < wanted:
            self._copy_rest(descriptor, wanted - ready)

    def _copy_rest(self, descriptor: int, wanted: int) -> None:
        while wanted:
            ready = min(wanted, self.need(1))
            if not ready:
                raise EOFError
            write_all(descriptor, self.view[self.at : self.at + ready])
            self.at += ready
            wanted -= ready

    def _read(self, buffer: memoryview) -> int:
        assert self._archive is not None
        content = self._archive.read(len(buffer))
        if content:
            buffer[: len(content)] = content
        return len(content or b"")


class FileSource(Source):
    """A region of a regular file, read at its place: the file's own position is left alone."""

    def __init__(self, descriptor: int, offset: int, limit: int) -> None:
        super().__init__(None)
        self._descriptor = descriptor
        self._offset = offset  # of `end`
        self._limit = limit

    def _read(self, buffer: memoryview) -> int:
        wanted = min(len(buffer), self._limit - self._offset)
        if wanted <= 0:
            return 0
        got = os.preadv(self._descriptor, [buffer[:wanted]], self._offset)
        self._offset += got
        return got

    def skip(self, wanted: int) -> None:
        ready = self.end - self.at
        if wanted <= ready:
            self.at += wanted
            return
        self.at = self.end = 0
        self._offset += wanted - ready
        if self._offset > self._limit:
            raise EOFError

    def _copy_rest(self, descriptor: int, wanted: int) -> None:
        if self._offset + wanted > self._limit:
            raise EOFError
        self.at = self.end = 0
        if copy_range(self._descriptor, self._offset, descriptor, None, wanted) < wanted:
            raise EOFError  # the file became shorter
        self._offset += wanted


def write_all(descriptor: int, content: memoryview) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
