"""Copying a whole tree: owners, modes, attributes, times, hard links, devices, holes."""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISSOCK

from backends.storage.metadata import copy_metadata
from backends.storage.unpack import copy_up

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_tree(source: str, target: str) -> dict[bytes, int]:
    """Into an empty folder, from a tree that nobody changes meanwhile; the inodes of the folders made, by path."""
    copying = _Copying(source, target)
    try:
        return copying.run()
    finally:
        copying.close()


class _Copying:
    def __init__(self, source: str, target: str) -> None:
        self.source = os.open(source, _FLAGS)
        self.target = os.open(target, _FLAGS)
        self.links: dict[tuple[int, int], bytes] = {}
        self.folders: dict[bytes, int] = {}

    def close(self) -> None:
        os.close(self.source)
        os.close(self.target)

    def run(self) -> dict[bytes, int]:
        left = [b""]
        while left:
            self.folder(left.pop(), left)
        # Children first does not matter: only entries made change a folder's time, and all are made.
        for path in self.folders:
            copy_metadata(_path(self.source, path), _path(self.target, path))
        return self.folders

    def folder(self, path: bytes, left: list[bytes]) -> None:
        source = os.open(path or b".", _FLAGS, dir_fd=self.source)
        target = os.open(path or b".", _FLAGS, dir_fd=self.target)
        try:
            self.folders[path] = os.fstat(target).st_ino
            for entry in os.listdir(source):
                name = os.fsencode(entry)
                status = os.stat(name, dir_fd=source, follow_symlinks=False)
                inner = path + b"/" + name if path else name
                if S_ISDIR(status.st_mode):
                    os.mkdir(name, 0o700, dir_fd=target)
                    left.append(inner)
                elif not S_ISSOCK(status.st_mode):
                    self.file(inner, name, status, source, target)
        finally:
            os.close(source)
            os.close(target)

    def file(self, path: bytes, name: bytes, status: os.stat_result, source: int, target: int) -> None:
        if status.st_nlink > 1:
            first = self.links.setdefault((status.st_dev, status.st_ino), path)
            if first != path:
                os.link(first, name, src_dir_fd=self.target, dst_dir_fd=target, follow_symlinks=False)
                return
        copy_up(_path(source, name), status, target, name)


def _path(folder: int, path: bytes) -> bytes:
    return b"/proc/self/fd/%d/%b" % (folder, path or b".")
