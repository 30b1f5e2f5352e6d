"""Every layer a whole tree: works on any file system that keeps owners, at the price of a copy. On the launch path."""

from __future__ import annotations

import os
import time

from arch import kernel
from backends.errors import StorageError
from backends.storage.mountinfo import plain
from backends.storage.store import LayerStore, storage_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from backends.storage.changes import Change
    from backends.storage.registry import Making
    from backends.storage.shift import Owners

_FOLDERS = "folders"


class CopyStorage(LayerStore):
    """A layer is its parent's tree copied, and changed. Where the file system shares blocks (btrfs, xfs with reflink)
    the copy costs its names alone; elsewhere every image layer and every container takes the whole tree's size, and
    the time to write it: for 250 MB in 11000 files about what `cp -a` takes. No mount, so no label of its own."""

    name = "copy"
    title = "a copy of the image for every container"

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        if label:
            raise StorageError(
                f"the layer {layer} cannot be mounted with the label {label}: it is shown without a mount",
                "use the overlay storage backend, or no label",
            )
        record = self.registry.get(layer)
        tree = self.registry.tree(layer)
        if not read_only:
            if not record.writable:
                raise StorageError(f"the layer {layer} is an image's: it can only be mounted read-only")
            if owners is None:
                return tree
        try:
            if owners is not None:
                from backends.storage import shift

                shift.show(tree, target, owners)
                if not read_only:
                    return target
            else:
                kernel.mount(tree, target, None, kernel.MS_BIND)
            # A bind takes no other flag along before a second call (mount(2)).
            kernel.mount(None, target, None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY)
        except OSError as error:
            raise storage_error(f"cannot mount the layer {layer} on {target}", error) from error
        return target

    def mounted(self, layer: str) -> bool:
        tree = self.registry.tree(layer)
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            roots = [line.split(" ", 4)[3] for line in mounts if layer in line]
        # The root of a mount is a path from its file system's own root: the end of ours.
        return any(root.endswith(f"/layers/{layer}/tree") and tree.endswith(plain(root)) for root in roots)

    # ----------------------------------------------------------------------------------- off the launch path

    def _prepare(self, making: Making) -> None:
        folders: dict[bytes, int] = {}
        if making.record.parent is not None:
            from backends.storage.tree import copy_tree

            folders = copy_tree(self.registry.tree(making.record.parent), making.tree)
        if making.record.writable:
            with open(f"{making.folder}/{_FOLDERS}", "wb") as file:
                file.writelines(b"%d %b\0" % (inode, path) for path, inode in folders.items())
            making.record.born = _after(making.folder)

    def _unpack(self, making: Making, archive: BinaryIO) -> int:
        from backends.storage.limits import Limits
        from backends.storage.unpack import unpack
        from backends.storage.view import View
        from backends.storage.whiteouts import CopyWhiteouts

        return unpack(archive, making.tree, CopyWhiteouts(), View([]), self.limits or Limits())

    def _changes(self, layer: str) -> list[Change]:
        from backends.storage.changes import Untouched, copy_changes
        from backends.storage.view import View

        record = self.registry.get(layer)
        below = [self.registry.tree(record.parent)] if record.parent else []
        with open(f"{self.registry.path(layer)}/{_FOLDERS}", "rb") as file:
            lines = (line.partition(b" ") for line in file.read().split(b"\0") if line)
            folders = {path: int(inode) for inode, _, path in lines}
        with View(below) as view:
            return copy_changes(self.registry.tree(layer), view, Untouched(record.born, folders))


def _after(folder: str) -> int:
    """The time stamp of the last change before now, once every later one is sure to differ: the kernel's clock for
    them ticks at 100 to 1000 Hz."""
    path = f"{folder}/born"
    stamps: list[int] = []
    while len(stamps) < 2:
        with open(path, "wb"):
            os.utime(path)
            stamp = os.stat(path).st_ctime_ns
        if not stamps or stamp != stamps[-1]:
            stamps.append(stamp)
        else:
            time.sleep(0.001)
    os.unlink(path)
    return stamps[0]
