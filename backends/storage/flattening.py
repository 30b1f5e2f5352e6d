"""Making one whole tree of what several layers show together: of hard links, so that it costs its folders alone."""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR, S_ISSOCK

from backends.storage.metadata import copy_metadata
from backends.storage.unpack import copy_up
from backends.storage.view import Found, View

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A file has so many names already (65000 on ext4), or this file system or policy has no hard links.
_COPY = frozenset((errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP))


def flatten(view: View, target: str) -> None:
    """Into an empty folder. Whoever changes the new tree replaces files, and never writes to one."""
    root = os.open(target, _FOLDER)
    folders: list[tuple[bytes, Found]] = []
    left = [b""]
    try:
        while left:
            path = left.pop()
            found = view.find(path)
            assert found is not None
            folders.append((path, found))
            at = os.open(path or b".", _FOLDER, dir_fd=root)
            try:
                for name, status in view.names(path).items():
                    inner = path + b"/" + name if path else name
                    if S_ISDIR(status.st_mode):
                        os.mkdir(name, 0o700, dir_fd=at)
                        left.append(inner)
                    elif not S_ISSOCK(status.st_mode):
                        _link(view, inner, at, name)
            finally:
                os.close(at)
        for path, found in folders:  # nothing changes their times any more
            copy_metadata(found.path, b"/proc/self/fd/%d/%b" % (root, path or b"."))
    finally:
        os.close(root)


def _link(view: View, path: bytes, folder: int, name: bytes) -> None:
    found = view.find(path)
    assert found is not None
    try:
        os.link(found.path, name, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _COPY:
            raise
        copy_up(found.path, found.status, folder, name)
