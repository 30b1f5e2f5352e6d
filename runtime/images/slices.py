"""A part of an open file, as a file of its own: layers are read where they lie, inside the archive."""

from __future__ import annotations

import io
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Slice(io.RawIOBase):
    """`size` bytes of `descriptor` from `offset` on. Has a position of its own (pread), so that threads can share the
    descriptor; does not own it. A file that has become shorter reads as broken off: fewer bytes than `size`.

    `fileno` and `offset` let a reader in the kernel (copy_file_range) take the bytes without us.
    """

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        self._descriptor = descriptor
        self.offset = offset
        self.size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if start + offset < 0:
            raise ValueError("a position before the beginning")
        self._position = start + offset
        return self._position

    def read(self, count: int | None = -1, /) -> bytes:
        left = max(self.size - self._position, 0)
        if count is None or count < 0 or count > left:
            count = left
        parts = []
        while count:
            content = os.pread(self._descriptor, min(count, 1 << 24), self.offset + self._position)
            if not content:
                break
            parts.append(content)
            count -= len(content)
            self._position += len(content)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        left = max(self.size - self._position, 0)
        count = os.preadv(self._descriptor, [view[:left]], self.offset + self._position) if left and view else 0
        self._position += count
        return count

    def again(self) -> Slice:
        """The same part, from its beginning, with a position of its own."""
        return Slice(self._descriptor, self.offset, self.size)
