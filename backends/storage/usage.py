"""How much a tree takes on disk."""

from __future__ import annotations

import os
from stat import S_ISDIR


def usage(tree: str, origin: str = "") -> int:
    """Bytes in allocated blocks, a file with several names counted once. Shared blocks (reflinks) count for each.
    `origin` is the tree of which this one began as a snapshot: what is still the same file does not count."""
    top, below = os.fsencode(tree), os.fsencode(origin)
    total = os.lstat(tree).st_blocks * 512
    seen: set[tuple[int, int]] = set()
    left = [top]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if S_ISDIR(status.st_mode):
                        left.append(entry.path)
                    elif status.st_nlink > 1:
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    if not below or not _same(status, below + entry.path[len(top) :]):
                        total += status.st_blocks * 512
        except FileNotFoundError:
            continue  # a running container removed it
    return total


def _same(status: os.stat_result, path: bytes) -> bool:
    try:
        other = os.lstat(path)
    except OSError:
        return False
    return (status.st_ino, status.st_ctime_ns, status.st_mtime_ns) == (
        other.st_ino, other.st_ctime_ns, other.st_mtime_ns
    )  # fmt: skip
