"""How much a tree takes on disk."""

from __future__ import annotations

import os
from stat import S_ISDIR


def usage(tree: str) -> int:
    """Bytes in allocated blocks, a file with several names counted once. Shared blocks (reflinks) count for each."""
    total = os.lstat(tree).st_blocks * 512
    seen: set[tuple[int, int]] = set()
    left = [os.fsencode(tree)]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if status.st_nlink > 1 and not S_ISDIR(status.st_mode):
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    total += status.st_blocks * 512
                    if S_ISDIR(status.st_mode):
                        left.append(entry.path)
        except FileNotFoundError:
            continue  # a running container removed it
    return total
