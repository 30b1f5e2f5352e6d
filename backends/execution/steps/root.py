"""The container's root: bound, entered, and the host's put out of reach."""

from __future__ import annotations

import errno
import os

from arch import kernel
from arch.parting import part_mounts
from backends.execution.steps.mount import by_descriptor, kept_flags
from backends.execution.steps.step import Context, Step

_HERE = "."


class PartMounts(Step):
    """What the new mount namespace still shares with the host's: linux.rootfsPropagation.

    MS_SLAVE where nothing is said, so that what the host mounts later below a volume is seen, and nothing goes back.
    """

    __slots__ = ("flags", "rootfs")

    def __init__(self, flags: int, rootfs: str) -> None:
        self.flags = flags
        self.rootfs = rootfs

    def describe(self) -> str:
        if self.flags & kernel.MS_SHARED:
            return "keep mounts shared with the host"
        return f"make all mounts {'private' if self.flags & kernel.MS_PRIVATE else 'slaves of the host'}"

    def execute(self, context: Context) -> None:
        if not self.flags & kernel.MS_SHARED:
            part_mounts(self.flags)
            return
        # pivot_root refuses a new root below a shared mount, and the bind mount of it is not for the host to see.
        place = self.rootfs
        while True:
            try:
                kernel.mount(None, place, None, kernel.MS_PRIVATE)
                return
            except OSError as error:  # EINVAL: no mount point
                if error.errno != errno.EINVAL or place == "/":
                    raise
            place = os.path.dirname(place)


class BindRoot(Step):
    """pivot_root wants a mount point."""

    __slots__ = ("rootfs",)

    def __init__(self, rootfs: str) -> None:
        self.rootfs = rootfs

    def describe(self) -> str:
        return f"bind the root {self.rootfs} onto itself"

    def execute(self, context: Context) -> None:
        kernel.mount(self.rootfs, self.rootfs, None, kernel.MS_BIND | kernel.MS_REC)
        context.root = os.open(self.rootfs, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


class HoldRoot(Step):
    """Where the host sees what a container mounts: all of it on one folder of the caller's, who unmounts what is there
    and below. Private, so that no other mount namespace gets a copy that would outlive it."""

    __slots__ = ("point", "rootfs")

    def __init__(self, rootfs: str, point: str) -> None:
        self.rootfs = rootfs
        self.point = point

    def describe(self) -> str:
        return f"bind the root {self.rootfs} onto {self.point}, where the host sees it"

    def execute(self, context: Context) -> None:
        kernel.mount(self.rootfs, self.point, None, kernel.MS_BIND | kernel.MS_REC)
        kernel.mount(None, self.point, None, kernel.MS_PRIVATE | kernel.MS_REC)
        context.root = os.open(self.point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


class ChangeRoot(Step):
    """chroot(2). Nothing is left open of the host's; who has no CAP_SYS_CHROOT does not get out of it."""

    __slots__ = ()

    def describe(self) -> str:
        return "make it the root with chroot"

    def execute(self, context: Context) -> None:
        os.fchdir(context.root)
        os.chroot(_HERE)
        os.chdir("/")
        context.leave()


class PivotRoot(Step):
    """pivot_root(2) with "." for both: the old root ends on top of the new one, and is taken off at once; no folder in
    the container is needed for it."""

    __slots__ = ()

    def describe(self) -> str:
        return "make it the root with pivot_root, and detach the host's"

    def execute(self, context: Context) -> None:
        old = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.fchdir(context.root)
        kernel.pivot_root(_HERE, _HERE)
        os.fchdir(old)
        # Else the detaching would reach the host's own mounts, where they are shared.
        kernel.mount(None, _HERE, None, kernel.MS_SLAVE | kernel.MS_REC)
        kernel.umount(_HERE, kernel.MNT_DETACH)
        os.chdir("/")
        os.close(old)
        context.leave()


class MoveRoot(Step):
    """Where the host's root is a ramfs (an initramfs), pivot_root(2) is refused: move the mount over it, and chroot."""

    __slots__ = ("rootfs",)

    def __init__(self, rootfs: str) -> None:
        self.rootfs = rootfs

    def describe(self) -> str:
        return "make it the root by moving its mount, and detach the host's other mounts"

    def execute(self, context: Context) -> None:
        os.fchdir(context.root)
        with open("/proc/self/mountinfo", encoding="utf-8") as stream:
            places = [line.split(" ")[4] for line in stream]
        # The chroot can be left by who has CAP_SYS_CHROOT; then at least nothing of the host is mounted there.
        for place in foreign_mounts(places, os.readlink(by_descriptor(context.root))):
            try:
                kernel.umount(place, kernel.MNT_DETACH)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOENT, errno.EPERM):
                    raise
        kernel.mount(_HERE, "/", None, kernel.MS_MOVE)
        os.chroot(_HERE)
        os.chdir("/")
        context.leave()


def foreign_mounts(places: list[str], rootfs: str) -> list[str]:
    """The mount points that neither hold the root nor lie in it, last first."""
    foreign = []
    for place in reversed(places):
        place = place.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        holds = place == "/" or rootfs == place or rootfs.startswith(place + "/")
        if not holds and not place.startswith(rootfs + "/"):
            foreign.append(place)
    return foreign


class SetRootPropagation(Step):
    """What the container's own mounts share: linux.rootfsPropagation, once it is the root."""

    __slots__ = ("flags",)

    def __init__(self, flags: int) -> None:
        self.flags = flags

    def describe(self) -> str:
        return "set the propagation of the root's mount"

    def execute(self, context: Context) -> None:
        kernel.mount(None, "/", None, self.flags)


class SealRoot(Step):
    """root.readonly"""

    __slots__ = ()

    def describe(self) -> str:
        return "make the root read-only"

    def execute(self, context: Context) -> None:
        flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY
        kernel.mount(None, "/", None, flags | kept_flags("/"))
