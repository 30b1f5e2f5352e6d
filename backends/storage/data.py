"""Copying a file's content by the cheapest way that works here: sharing blocks, inside the kernel, by hand."""

from __future__ import annotations

import errno
import fcntl
import os
import sys

from arch import kernel

_CHUNK = 1 << 20

# Linux answers these where a call is unknown, refused by an outer filter, or not for these two files: EXDEV before
# 5.3 between file systems, EINVAL and EOPNOTSUPP by the file system, ETXTBSY for swap files.
_NOT_HERE = frozenset(
    (errno.ENOSYS, errno.EPERM, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTTY, errno.EBADF, errno.ETXTBSY)
)


def copy_file(source: int, target: int, length: int) -> None:
    """Copies the whole content of a regular file into an empty one, holes kept."""
    try:
        fcntl.ioctl(target, kernel.FICLONE, source)
        return
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    for start, end in extents(source, length):
        copied = copy_range(source, start, target, start, end - start)
        if copied < end - start:
            break  # cut off meanwhile
    os.ftruncate(target, length)


def extents(descriptor: int, length: int) -> list[tuple[int, int]]:
    """Where a file has data, as (start, end). One extent where holes are unknown (before Linux 3.1)."""
    found = []
    at = 0
    while at < length:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            at = min(os.lseek(descriptor, start, os.SEEK_HOLE), length)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here on
                break
            if error.errno != errno.EINVAL:
                raise
            return [(0, length)]
        if start < at:
            found.append((start, at))
    return found


def copy_range(source: int, offset: int, target: int, target_offset: int | None, length: int) -> int:
    """Copies bytes between two files, without a target's offset to its position; fewer than `length` only at the end of
    the source."""
    if target_offset is not None:
        os.lseek(target, target_offset, os.SEEK_SET)
    copied = 0
    while copied < length:
        try:
            got = _copy_file_range(source, offset + copied, target, length - copied)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            return copied + _send(source, offset + copied, target, length - copied)
        if not got:
            # Some kernels (5.3 to 5.18) answer 0 for files of /proc and the like; reading is the judge.
            return copied + _by_hand(source, offset + copied, target, length - copied)
        copied += got
    return copied


def _copy_file_range(source: int, offset: int, target: int, length: int) -> int:
    if sys.platform == "linux" and hasattr(os, "copy_file_range"):
        return os.copy_file_range(source, target, min(length, 1 << 30), offset)
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _send(source: int, offset: int, target: int, length: int) -> int:
    copied = 0
    while copied < length:
        try:
            got = os.sendfile(target, source, offset + copied, min(length - copied, 1 << 30))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            return copied + _by_hand(source, offset + copied, target, length - copied)
        if not got:
            break
        copied += got
    return copied


def _by_hand(source: int, offset: int, target: int, length: int) -> int:
    copied = 0
    while copied < length:
        content = memoryview(os.pread(source, min(_CHUNK, length - copied), offset + copied))
        if not content:
            break
        copied += len(content)
        while content:
            content = content[os.write(target, content) :]
    return copied
