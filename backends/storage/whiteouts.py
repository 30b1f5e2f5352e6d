"""What an archive's whiteouts do to the tree that it is unpacked into: overlay keeps marks, a full copy loses files."""

from __future__ import annotations

import os
from stat import S_IFCHR, S_ISDIR

from backends.storage.marks import ATTRIBUTE, OPAQUE, PREFIX
from backends.storage.metadata import inside
from backends.storage.removal import remove_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from backends.storage.folders import Folder
    from backends.storage.view import View
else:
    Protocol = object  # `typing` costs 3 ms, and this is on the way of every `run`


class Whiteouts(Protocol):
    """What unpacking does with them."""

    def made(self, path: bytes) -> None:
        """Notes that this archive has an entry at this path, through no link."""

    def remove(self, folder: Folder, name: bytes) -> bool:
        """Hides what lies below; whether something of the tree was removed."""

    def hide_all(self, folder: Folder) -> bool:
        """Hides everything that lies below in a folder; whether something of the tree was removed."""

    def gone(self, folder: Folder, name: bytes) -> bool:
        """Whether a mark beside it hides what lies below under this name."""

    def replaced(self, folder: Folder, name: bytes) -> None:
        """A new folder took the place of a whiteout."""


class OverlayWhiteouts:
    """Into a folder of its own, over layers that stay as they are. `attribute` makes a folder opaque."""

    def __init__(self, view: View, attribute: str = ATTRIBUTE) -> None:
        self._view = view
        self._attribute = attribute
        self.everything = False  # the root hides all that lies below: overlay has no sign for that

    def made(self, path: bytes) -> None:
        return

    def remove(self, folder: Folder, name: bytes) -> bool:
        if self._view.find(folder.below(name)) is None:
            return False
        try:
            os.mknod(name, S_IFCHR, 0, dir_fd=folder.descriptor)  # Linux 5.8 lets user namespaces do this too
        except FileExistsError:
            status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
            if S_ISDIR(status.st_mode):
                self._set_opaque(inside(folder.descriptor, name))
        return False

    def hide_all(self, folder: Folder) -> bool:
        if not folder.path:
            self.everything = True
        elif self._view.find(folder.path) is not None:
            self._set_opaque(inside(folder.descriptor, b"."))
        return False

    def gone(self, folder: Folder, name: bytes) -> bool:
        return False  # its mark has the name itself

    def replaced(self, folder: Folder, name: bytes) -> None:
        self._set_opaque(inside(folder.descriptor, name))

    def _set_opaque(self, path: bytes) -> None:
        os.setxattr(path, self._attribute, b"y")


class AufsWhiteouts:
    """Into a branch of its own: the marks keep the names that archives have (aufs(5), "Whiteout")."""

    def __init__(self, tree: str, view: View) -> None:
        self._tree = os.fsencode(tree)
        self._view = view
        self.everything = False

    def made(self, path: bytes) -> None:
        head, slash, name = path.rpartition(b"/")
        _unlink(self._tree + b"/" + head + slash + PREFIX + name)

    def remove(self, folder: Folder, name: bytes) -> bool:
        if self._view.find(folder.below(name)) is None:
            return False
        try:
            status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            _mark(inside(folder.descriptor, PREFIX + name))
            return False
        if S_ISDIR(status.st_mode):
            _mark(inside(folder.descriptor, name) + b"/" + OPAQUE)
        return False

    def hide_all(self, folder: Folder) -> bool:
        if not folder.path:
            self.everything = True
        elif self._view.find(folder.path) is not None:
            _mark(inside(folder.descriptor, OPAQUE))
        return False

    def gone(self, folder: Folder, name: bytes) -> bool:
        return os.path.lexists(inside(folder.descriptor, PREFIX + name))

    def replaced(self, folder: Folder, name: bytes) -> None:
        _unlink(inside(folder.descriptor, PREFIX + name))
        _mark(inside(folder.descriptor, name) + b"/" + OPAQUE)


def _mark(path: bytes) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o444))


def _unlink(path: bytes) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


class CopyWhiteouts:
    """Into a copy of everything: what came from below is removed, what this archive brought stays."""

    def __init__(self) -> None:
        self._made: set[bytes] = set()

    def made(self, path: bytes) -> None:
        while path and path not in self._made:
            self._made.add(path)
            path = path.rpartition(b"/")[0]

    def remove(self, folder: Folder, name: bytes) -> bool:
        path = folder.below(name)
        if path not in self._made:
            remove_entry(folder.descriptor, name)
            return True
        return self._prune(folder.descriptor, path, name)

    def hide_all(self, folder: Folder) -> bool:
        return self._prune(folder.descriptor, folder.path, b".")

    def gone(self, folder: Folder, name: bytes) -> bool:
        return False

    def replaced(self, folder: Folder, name: bytes) -> None:
        return

    def _prune(self, folder: int, path: bytes, name: bytes) -> bool:
        """Removes below a path what this archive did not bring."""
        left = [path]
        removed = False
        try:
            top = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except NotADirectoryError:
            return False
        try:
            while left:
                here = left.pop()
                removed = self._prune_one(top, here[len(path) :].lstrip(b"/"), here, left) or removed
        finally:
            os.close(top)
        return removed

    def _prune_one(self, top: int, where: bytes, path: bytes, left: list[bytes]) -> bool:
        removed = False
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(where or b".", flags, dir_fd=top)
        try:
            for entry in os.listdir(descriptor):
                name = os.fsencode(entry)
                child = path + b"/" + name if path else name
                if child not in self._made:
                    remove_entry(descriptor, name)
                    removed = True
                elif S_ISDIR(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                    left.append(child)
        finally:
            os.close(descriptor)
        return removed
