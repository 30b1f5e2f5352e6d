"""btrfs's subvolumes, by ioctl(2) on the folder that holds them (linux/btrfs.h). OSError.

The requests are those of Linux 2.6.29, which every later kernel still understands.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys

from arch.ioctls import iow

MAGIC = 0x9123683E  # statfs(2)
ROOT = 256  # the inode of every subvolume's own root, and of nothing else
_LONGEST = 4087
_SNAPSHOT, _CREATE, _DESTROY = iow(0x94, 1, 4096), iow(0x94, 14, 4096), iow(0x94, 15, 4096)


def create(folder: int, name: bytes) -> None:
    """A new, empty subvolume in an open folder."""
    _ask(folder, _CREATE, name)


def snapshot(source: int, folder: int, name: bytes) -> None:
    """A writable snapshot of the subvolume that is open as `source`. Subvolumes inside it are empty folders there."""
    _ask(folder, _SNAPSHOT, name, source)


def destroy(folder: int, name: bytes) -> None:
    """Removes a subvolume with all that it holds. ENOTEMPTY if it holds other subvolumes; EPERM for those without
    CAP_SYS_ADMIN, unless the file system is mounted with user_subvol_rm_allowed."""
    _ask(folder, _DESTROY, name)


def _ask(folder: int, request: int, name: bytes, source: int = 0) -> None:
    if len(name) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), name)
    # struct btrfs_ioctl_vol_args: s64 fd, char name[4088]; this machine's order of bytes.
    # A bytearray, because fcntl takes no more than 1024 bytes otherwise.
    fcntl.ioctl(folder, request, bytearray(source.to_bytes(8, sys.byteorder) + name.ljust(4088, b"\0")))
