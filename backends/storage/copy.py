"""Every layer a whole tree: works on any file system that keeps owners, at the price of a copy. On the launch path."""

from __future__ import annotations

from backends.storage.whole import WholeTrees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.changes import Untouched
    from backends.storage.record import Record
    from backends.storage.registry import Making

_FOLDERS = "folders"


class CopyStorage(WholeTrees):
    """A layer is its parent's tree copied, and changed. Where the file system shares blocks (btrfs, xfs with reflink)
    the copy costs its names alone; elsewhere every image layer and every container takes the whole tree's size, and
    the time to write it: for 250 MB in 11000 files about what `cp -a` takes."""

    name = "copy"
    title = "a copy of the image for every container"

    # ----------------------------------------------------------------------------------- off the launch path

    def cost(self, parent: str) -> int:
        """What the archives of an image's layers held, so more where one took away what another brought."""
        total = sum(record.size for record in self.registry.chain(parent))
        return 0 if total and self._shares() else total

    def _shares(self) -> bool:
        """Whether copies share their blocks on this file system."""
        import fcntl
        import tempfile

        from arch.ioctls import FICLONE

        with tempfile.TemporaryFile(dir=self.folder) as one, tempfile.TemporaryFile(dir=self.folder) as other:
            one.write(bytes(4096))
            one.flush()
            try:
                fcntl.ioctl(other, FICLONE, one.fileno())
            except OSError:
                return False
            return True

    def _prepare(self, making: Making) -> None:
        folders: dict[bytes, int] = {}
        if making.record.parent is not None:
            from backends.storage.tree import copy_tree

            folders = copy_tree(self.registry.tree(making.record.parent), making.tree)
        if making.record.writable:
            from backends.storage.clock import after

            with open(f"{making.folder}/{_FOLDERS}", "wb") as file:
                file.writelines(b"%d %b\0" % (inode, path) for path, inode in folders.items())
            making.record.born = after(making.folder)

    def _untouched(self, record: Record) -> Untouched:
        from backends.storage.changes import Untouched

        if not record.writable:
            return Untouched()
        with open(f"{self.registry.path(record.name)}/{_FOLDERS}", "rb") as file:
            lines = (line.partition(b" ") for line in file.read().split(b"\0") if line)
            folders = {path: int(inode) for inode, _, path in lines}
        return Untouched(record.born, folders)
