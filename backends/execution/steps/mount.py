"""Mounts inside the container's root, each on a target that was opened without leaving the root."""

from __future__ import annotations

import errno
import os
import stat

from arch import inside, kernel
from backends.execution.options import Options
from backends.execution.steps.step import Context, Step

_OPEN = os.O_PATH | os.O_CLOEXEC

# os.ST_* -> MS_*: the same bits but for this one
_ST_RELATIME = 4096
_SAME_BITS = (
    kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC | kernel.MS_NOATIME | kernel.MS_NODIRATIME
)
_ACCESS_TIMES = kernel.MS_NOATIME | kernel.MS_RELATIME | kernel.MS_STRICTATIME
# statfs(2): of what is held, so that what is covered in it is covered there
_MAGIC = {"proc": 0x9FA0, "sysfs": 0x62656572}
_BIND_ONLY = kernel.MS_BIND | kernel.MS_REC | kernel.MS_REMOUNT | kernel.MS_SILENT


def by_descriptor(descriptor: int) -> str:
    """A path that leads to an open file and nowhere else, whatever becomes of names."""
    return f"/proc/self/fd/{descriptor}"


def mount_point(context: Context, destination: str, directory: bool) -> int:
    """The place of a mount, made where it is missing, as a descriptor."""
    covered = context.held.pop(destination, -1)
    if covered >= 0:
        os.close(covered)
    if directory:
        return inside.make_directories(context.root, destination)
    return inside.make_file(context.root, destination)


def _there(context: Context, destination: str) -> bool:
    try:
        os.close(inside.open_inside(context.root, destination, _OPEN))
    except OSError:
        return False
    return True


def kept_flags(path: str) -> int:
    """The flags of the mount at `path` that a remount must repeat so as not to lose them."""
    present = os.statvfs(path).f_flag
    return present & _SAME_BITS | (kernel.MS_RELATIME if present & _ST_RELATIME else 0)


def remount(context: Context, destination: str, flags: int, cleared: int = 0) -> None:
    """Gives a mount its flags. In a user namespace, flags that came from outside are locked: they are repeated."""
    target = inside.open_inside(context.root, destination, _OPEN)
    wanted = kernel.MS_REMOUNT | kernel.MS_BIND | flags & ~kernel.MS_REC
    try:
        kernel.mount(None, by_descriptor(target), None, wanted)
    except PermissionError:
        locked = kept_flags(by_descriptor(target))
        if locked & cleared or (flags & _ACCESS_TIMES and flags & _ACCESS_TIMES != locked & _ACCESS_TIMES):
            raise
        kernel.mount(None, by_descriptor(target), None, wanted | locked)
    finally:
        os.close(target)


def _root(context: Context) -> str:
    return os.readlink(by_descriptor(context.root))


def _finish(context: Context, destination: str, options: Options) -> None:
    """Propagation and recursive attributes, which mount(2) takes in calls of their own."""
    if not options.propagation and options.recursive == (0, 0):
        return
    target = inside.open_inside(context.root, destination, _OPEN)
    try:
        for flags in options.propagation:
            kernel.mount(None, by_descriptor(target), None, flags)
        if options.recursive != (0, 0):
            kernel.mount_setattr(target, "", kernel.AT_EMPTY_PATH | kernel.AT_RECURSIVE, *options.recursive)
    finally:
        os.close(target)


class Bind(Step):
    __slots__ = ("destination", "options", "source")

    def __init__(self, source: str, destination: str, options: Options) -> None:
        self.source = source
        self.destination = destination
        self.options = options

    def describe(self) -> str:
        mode = ", read-only" if self.options.flags & kernel.MS_RDONLY or self.options.recursive[0] & 1 else ""
        return f"bind {self.source} onto {self.destination}{mode}"

    def execute(self, context: Context) -> None:
        self.attach(context)
        if self.options.flags & ~_BIND_ONLY or self.options.cleared:
            remount(context, self.destination, self.options.flags, self.options.cleared)
        _finish(context, self.destination, self.options)

    def attach(self, context: Context) -> None:
        opened = self._open(context)
        source = self.source if opened < 0 else by_descriptor(opened)
        target = mount_point(context, self.destination, stat.S_ISDIR(os.stat(source).st_mode))
        try:
            kernel.mount(source, by_descriptor(target), None, self.options.flags & (kernel.MS_BIND | kernel.MS_REC))
        finally:
            os.close(target)
            if opened >= 0 and opened != context.sources.get(self.source):
                os.close(opened)

    def _open(self, context: Context) -> int:
        """What lies in the container's root is as the mounts before this one have made it."""
        root = _root(context)
        if self.source.startswith(f"{root}/"):
            return inside.open_inside(context.root, self.source[len(root) :], _OPEN)
        return context.sources.get(self.source, -1)


class MountFilesystem(Step):
    __slots__ = ("destination", "kind", "options", "source")

    def __init__(self, kind: str, source: str, destination: str, options: Options) -> None:
        self.kind = kind
        self.source = source
        self.destination = destination
        self.options = options

    def describe(self) -> str:
        return f"mount {self.kind} on {self.destination}"

    def execute(self, context: Context) -> None:
        inherits = self.kind == "tmpfs" and "mode=" not in self.options.data and _there(context, self.destination)
        target = mount_point(context, self.destination, True)
        try:
            if self.kind in _MAGIC:
                self._refuse_elsewhere(context, target)
            data = self._data(target) if inherits else self.options.data
            kernel.mount(self.source, by_descriptor(target), self.kind, self._flags(), data)
            if self.options.copy_up:
                self._copy_up(context, target)
        finally:
            os.close(target)
        if self.kind in _MAGIC:
            self._hold(context)
        _finish(context, self.destination, self.options)

    def _hold(self, context: Context) -> None:
        """Paths in it are resolved from there. By its name, somebody who moves folders in the root could have other
        files covered than those that are to be (CVE-2023-27561, CVE-2025-31133)."""
        root = inside.open_inside(context.root, self.destination, os.O_PATH | os.O_DIRECTORY)
        if kernel.statfs_type(by_descriptor(root)) != _MAGIC[self.kind]:
            os.close(root)
            raise OSError(errno.ELOOP, f"{self.kind} was moved away as soon as it was mounted", self.destination)
        context.held[self.destination] = root

    def _flags(self) -> int:
        # A tmpfs that will be read-only is sealed once everything in it is there, see SealMount.
        return self.options.flags & ~kernel.MS_RDONLY if self.kind == "tmpfs" else self.options.flags

    def _data(self, target: int) -> str:
        """The mode of the folder that a tmpfs covers, not of one just made for it, is that of the tmpfs."""
        mode = stat.S_IMODE(os.stat(by_descriptor(target)).st_mode)
        return f"{self.options.data},mode={mode:o}".lstrip(",")

    def _refuse_elsewhere(self, context: Context, target: int) -> None:
        """An image whose /proc is a link would have what the steps write to /proc go elsewhere (CVE-2019-16884)."""
        wanted = os.path.normpath(os.readlink(by_descriptor(context.root)) + "/" + self.destination)
        if os.readlink(by_descriptor(target)) != wanted:
            raise OSError(errno.ELOOP, f"{self.kind} must be mounted on ordinary directory, no link", self.destination)

    def _copy_up(self, context: Context, below: int) -> None:
        from backends.execution.steps.copyup import copy_folder

        above = inside.open_inside(context.root, self.destination, os.O_RDONLY | os.O_DIRECTORY)
        source = os.open(by_descriptor(below), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            copy_folder(source, above)
        finally:
            os.close(source)
            os.close(above)


class SealMount(Step):
    """Makes a tmpfs read-only once everything in it is there."""

    __slots__ = ("destination", "flags")

    def __init__(self, destination: str, flags: int) -> None:
        self.destination = destination
        self.flags = flags

    def describe(self) -> str:
        return f"make {self.destination} read-only"

    def execute(self, context: Context) -> None:
        remount(context, self.destination, self.flags | kernel.MS_RDONLY)


class OpenSources(Step):
    """Before the child becomes the container's root, who may not be allowed to walk to them."""

    __slots__ = ("paths",)

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def describe(self) -> str:
        return f"open {len(self.paths)} sources of bind mounts"

    def execute(self, context: Context) -> None:
        for path in self.paths:
            if not path.startswith(f"{_root(context)}/"):
                context.sources[path] = os.open(path, _OPEN)
