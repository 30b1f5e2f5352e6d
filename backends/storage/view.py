"""What the layers below show together, without a mount: lookups by overlay's rules."""

from __future__ import annotations

import os
from stat import S_ISDIR
from types import TracebackType

from backends.storage.marks import OPAQUE, PREFIX, TRUSTED, Marks

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Found:
    """Where the topmost layer that has a path keeps it."""

    __slots__ = ("root", "status", "where")

    def __init__(self, root: int, where: bytes, status: os.stat_result) -> None:
        self.root = root
        self.where = where
        self.status = status

    @property
    def path(self) -> bytes:
        return b"/proc/self/fd/%d/%b" % (self.root, self.where)


class View:
    """Over the trees of layers, topmost first, which nobody changes meanwhile. Paths are relative and without links."""

    def __init__(self, trees: list[str], marks: Marks = TRUSTED) -> None:
        self._trees = trees
        self._marks = marks
        self._roots: list[int] = []

    def __enter__(self) -> View:
        try:
            for tree in self._trees:
                self._roots.append(os.open(tree, _FOLDER))
        except OSError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        while self._roots:
            os.close(self._roots.pop())

    def find(self, path: bytes) -> Found | None:
        """The thing itself, links not followed."""
        for root, status in self._levels(path):
            return Found(root, path or b".", status)
        return None

    def names(self, path: bytes) -> dict[bytes, os.stat_result]:
        """What a folder shows: the merged entries of all layers that have it."""
        found: dict[bytes, os.stat_result] = {}
        hidden: set[bytes] = set()
        for root, status in self._levels(path):
            if not S_ISDIR(status.st_mode):
                break
            folder = os.open(path or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)
            try:
                entries = [os.fsencode(entry) for entry in os.listdir(folder)]
                gone = set()
                for name in entries:
                    if name in found or name in hidden:
                        continue
                    if self._marks.named(name):
                        gone.add(name[len(PREFIX) :])
                        continue
                    one = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    if self._marks.whiteout(b"/proc/self/fd/%d/%b" % (folder, name), one):
                        gone.add(name)
                    else:
                        found[name] = one
                hidden |= gone  # a layer's marks hide what lies below it, not what it has itself
            finally:
                os.close(folder)
        return found

    def _levels(self, path: bytes) -> list[tuple[int, os.stat_result]]:
        """The layers that take part in a path, as far down as nothing hides the rest: one for a file, all those of a
        folder."""
        parts = path.split(b"/") if path else []
        found: list[tuple[int, os.stat_result]] = []
        for root in self._roots:
            status, ends = self._descend(root, parts)
            if status is not None:
                if found and not S_ISDIR(status.st_mode):
                    break
                found.append((root, status))
                ends = ends or not S_ISDIR(status.st_mode)
            if ends:
                break
        return found

    def _descend(self, root: int, parts: list[bytes]) -> tuple[os.stat_result | None, bool]:
        """A path's status in one layer, or None; and whether this layer hides that path in those below."""
        opaque = False
        status = os.stat(".", dir_fd=root)
        for depth in range(1, len(parts) + 1):
            where = b"/".join(parts[:depth])
            try:
                status = os.stat(where, dir_fd=root, follow_symlinks=False)
            except FileNotFoundError:
                return None, opaque or self._named_gone(root, parts[:depth])
            here = b"/proc/self/fd/%d/%b" % (root, where)
            if S_ISDIR(status.st_mode):
                opaque = opaque or self._marks.opaque(here)
                continue
            if self._marks.named(parts[depth - 1]):
                return None, False
            if self._marks.whiteout(here, status) or depth < len(parts):
                return None, True
        return status, opaque

    def _named_gone(self, root: int, parts: list[bytes]) -> bool:
        """Whether a file beside it says that a path is gone, or one in the layer's root that all is."""
        if not self._marks.names:
            return False
        mark = b"/".join([*parts[:-1], PREFIX + parts[-1]])
        for name in (mark, OPAQUE):
            try:
                os.stat(name, dir_fd=root, follow_symlinks=False)
                return True
            except FileNotFoundError:
                continue
        return False
