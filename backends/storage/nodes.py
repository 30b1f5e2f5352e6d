"""Finding the node of a block device by its number, whoever makes nodes here: udev, devtmpfs or nobody. On the launch
path."""

from __future__ import annotations

import os
import stat


def node(number: int, folder: str) -> str:
    """Its path: where the kernel says, or one of our own in `folder`."""
    major, minor = os.major(number), os.minor(number)
    try:
        name = os.path.basename(os.readlink(f"/sys/dev/block/{major}:{minor}"))
    except OSError:
        name = ""
    path = f"/dev/{name}"
    if name and _is(path, number):
        return path
    path = f"{folder}/block-{major}-{minor}"
    if not _is(path, number):
        try:
            os.mknod(path, stat.S_IFBLK | 0o600, number)
        except FileExistsError:
            pass
    return path


def _is(path: str, number: int) -> bool:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    return stat.S_ISBLK(status.st_mode) and status.st_rdev == number
