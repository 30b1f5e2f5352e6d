"""Layers as btrfs subvolumes, each a snapshot of its parent. On the launch path."""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR

from arch import btrfs
from backends.storage.whole import WholeTrees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.changes import Untouched
    from backends.storage.record import Record
    from backends.storage.registry import Making

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class BtrfsStorage(WholeTrees):
    """A container starts at once, and shares every block with its image until it writes. No mount, so no label; a
    layer's files are on a device number of their own."""

    name = "btrfs"
    title = "btrfs subvolumes"

    # ----------------------------------------------------------------------------------- off the launch path

    def _prepare(self, making: Making) -> None:
        os.rmdir(making.tree)
        folder = os.open(making.folder, _FOLDER)
        try:
            if making.record.parent is None:
                btrfs.create(folder, b"tree")
                os.chmod("tree", 0o755, dir_fd=folder)
            else:
                source = os.open(self.registry.tree(making.record.parent), _FOLDER)
                try:
                    btrfs.snapshot(source, folder, b"tree")
                finally:
                    os.close(source)
        finally:
            os.close(folder)
        if making.record.writable:
            from backends.storage.clock import after

            making.record.born = after(making.folder)

    def _untouched(self, record: Record) -> Untouched:
        from backends.storage.changes import Snapshot

        return Snapshot(record.born)

    def usage(self, layer: str) -> int:
        from backends.storage.usage import usage

        parent = self.registry.get(layer).parent
        return usage(self.registry.tree(layer), self.registry.tree(parent) if parent else "")

    def _dispose(self, folder: str) -> None:
        try:
            descriptor = os.open(folder, _FOLDER)
        except FileNotFoundError:
            return
        try:
            if _is_subvolume(descriptor, b"tree"):
                if not os.path.basename(folder).startswith("gone."):
                    # What was made and failed: a destroyed subvolume gives its space back some seconds later, removed
                    # files give it to whoever needs it next.
                    _empty(descriptor, b"tree")
                _destroy(descriptor, b"tree")
        finally:
            os.close(descriptor)
        super()._dispose(folder)


def _empty(folder: int, name: bytes) -> None:
    from backends.storage.removal import remove_entry

    tree = os.open(name, _FOLDER, dir_fd=folder)
    try:
        for entry in os.listdir(tree):
            remove_entry(tree, os.fsencode(entry))
    finally:
        os.close(tree)


def _is_subvolume(folder: int, name: bytes) -> bool:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return status.st_ino == btrfs.ROOT


def _destroy(folder: int, name: bytes) -> None:
    """A subvolume and those that a container has made in it; where these lie too deep to be looked for, file by
    file."""
    try:
        btrfs.destroy(folder, name)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            _destroy_inner(folder, name)
        elif error.errno not in (errno.EPERM, errno.ENOENT):
            raise


def _destroy_inner(folder: int, name: bytes) -> None:
    from backends.storage.removal import remove_entry

    try:
        for path in reversed(_inner(folder, name)):
            head, _, last = path.rpartition(b"/")
            at = os.open(head, _FOLDER, dir_fd=folder)
            try:
                btrfs.destroy(at, last)
            finally:
                os.close(at)
        btrfs.destroy(folder, name)
    except OSError:
        remove_entry(folder, name)  # rmdir(2) removes an empty subvolume since Linux 4.18


def _inner(folder: int, name: bytes) -> list[bytes]:
    """The subvolumes inside one, the outer ones first. ENAMETOOLONG where a path is too long to look."""
    found = []
    left = [name]
    while left:
        path = left.pop()
        at = os.open(path, _FOLDER, dir_fd=folder)
        try:
            for entry in map(os.fsencode, os.listdir(at)):
                status = os.stat(entry, dir_fd=at, follow_symlinks=False)
                if S_ISDIR(status.st_mode):
                    left.append(path + b"/" + entry)
                    if status.st_ino == btrfs.ROOT:
                        found.append(path + b"/" + entry)
        finally:
            os.close(at)
    return found
