"""Paths of /proc and /sys that a container does not see, or may not write."""

from __future__ import annotations

import errno
import os
import stat

from arch import inside, kernel
from backends.execution.steps.mount import by_descriptor, kept_flags
from backends.execution.steps.step import Context, Step

_OPEN = os.O_PATH | os.O_CLOEXEC
_NULL = "/dev/null"
_NULL_DEVICE = (1, 3)


class MaskPaths(Step):
    """A file is covered by /dev/null, folders by one empty read-only tmpfs; what is not there is passed over."""

    __slots__ = ("paths",)

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def describe(self) -> str:
        return f"hide {' '.join(self.paths)}"

    def execute(self, context: Context) -> None:
        # The host's, and really the null device: something else bound in its place would be writable (CVE-2025-31133).
        null = os.open(_NULL, _OPEN)
        found = os.fstat(null)
        if not stat.S_ISCHR(found.st_mode) or (os.major(found.st_rdev), os.minor(found.st_rdev)) != _NULL_DEVICE:
            raise OSError(errno.ENODEV, "this is not the null device", _NULL)
        empty = -1
        for path in self.paths:
            target = _open(context, path)
            if target < 0:
                continue
            if not stat.S_ISDIR(os.fstat(target).st_mode):
                kernel.mount(by_descriptor(null), by_descriptor(target), None, kernel.MS_BIND)
            elif empty < 0:
                options = "nr_blocks=1,nr_inodes=1"
                kernel.mount("tmpfs", by_descriptor(target), "tmpfs", kernel.MS_RDONLY, options)
                empty = _open(context, path)  # what is on top there now
            else:
                kernel.mount(by_descriptor(empty), by_descriptor(target), None, kernel.MS_BIND)
            os.close(target)
        os.close(null)
        if empty >= 0:
            os.close(empty)


class ProtectPaths(Step):
    """Each bound onto itself, read-only; what is not there is passed over."""

    __slots__ = ("paths",)

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def describe(self) -> str:
        return f"make read-only {' '.join(self.paths)}"

    def execute(self, context: Context) -> None:
        for path in self.paths:
            target = _open(context, path)
            if target >= 0:
                kernel.mount(by_descriptor(target), by_descriptor(target), None, kernel.MS_BIND | kernel.MS_REC)
                os.close(target)
                self._seal(context, path)

    def _seal(self, context: Context, path: str) -> None:
        target = by_descriptor(_find(context, path))
        flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY
        kernel.mount(None, target, None, flags | kept_flags(target))
        os.close(int(target.rpartition("/")[2]))


def _open(context: Context, path: str) -> int:
    try:
        return _find(context, path)
    except (FileNotFoundError, NotADirectoryError):
        return -1


def _find(context: Context, path: str) -> int:
    """What lies in a proc or sysfs of ours is looked for from there, whatever has its name by now."""
    for destination, root in context.held.items():
        if path.startswith(f"{destination}/"):
            return inside.open_inside(root, path[len(destination) + 1 :], _OPEN)
    return inside.open_inside(context.root, path, _OPEN)
