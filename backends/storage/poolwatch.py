"""Watching a thin pool while a layer is written to it: what a full disk takes from under a file system is lost in
silence, so there must never be more on its way than fits."""

from __future__ import annotations

import os
from typing import BinaryIO

from arch import kernel
from backends.storage import poolmaking
from backends.storage.pool import Pool

_STEP = 64 << 20


class Watched:
    """An archive's bytes, as fast as the pool can take them. StorageError (ENOSPC) in `read`."""

    def __init__(self, archive: BinaryIO, pool: Pool, tree: str) -> None:
        self._archive = archive
        self._pool = pool
        self._tree = tree
        self._left = 0

    def read(self, size: int = -1) -> bytes:
        if self._left <= 0:
            self.flush()
        content = self._archive.read(size)
        self._left -= len(content)
        return content

    def flush(self) -> None:
        """What was written is in the pool."""
        descriptor = os.open(self._tree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            kernel.syncfs(descriptor)
        finally:
            os.close(descriptor)
        with self._pool.lock():
            record = self._pool.open()
            # Half of it: a file system's own blocks come on top of what an archive holds.
            self._left = min(_STEP, poolmaking.room(self._pool, record, 2 * _STEP) // 2)
