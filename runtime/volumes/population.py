"""Filling a new volume with what the image has at its target, as docker's volumes are."""

from __future__ import annotations

import errno
import os

from arch.inside import open_inside
from backends.storage.removal import remove_tree
from backends.storage.tree import copy_tree
from runtime.errors import explain

_FILLING = ".filling"


def is_empty(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def populate(root: int, target: str, folder: str) -> None:
    """Copies the folder `target` of an image, whose root is the descriptor `root`, into the empty `folder` of a volume:
    content, owner and mode. All or nothing. An image that has no such folder leaves the volume as it is. Problem."""
    try:
        source = open_inside(root, target, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    filling = os.path.join(os.path.dirname(folder), _FILLING)
    try:
        remove_tree(filling)  # of a process that was killed
        os.mkdir(filling, 0o755)
        copy_tree(f"/proc/self/fd/{source}/.", filling)
        os.rename(filling, folder)  # onto an empty folder only: what somebody put there meanwhile stays
    except OSError as error:
        remove_tree(filling)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return
        raise explain(error, f"copy the image's {target} into the volume {folder}") from error
    finally:
        os.close(source)
