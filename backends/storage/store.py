"""What all storage backends that keep layers in folders have in common. On the launch path; the rest comes late."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.contract import StorageBackend
from backends.errors import StorageError
from backends.storage.registry import Making, Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import BinaryIO

    from backends.storage.changes import Change
    from backends.storage.limits import Limits
    from backends.storage.marks import Marks
    from probes.report import HostReport


class Sight:
    """Where this process sees a layer's folders, topmost first, until `close`."""

    __slots__ = ("trees",)

    def __init__(self, trees: list[str]) -> None:
        self.trees = trees

    def __enter__(self) -> Sight:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        return


class LayerStore(StorageBackend):
    """`folder` is this backend's own; it is made when the first layer is."""

    def __init__(self, folder: str, limits: Limits | None = None) -> None:
        self.folder = os.path.abspath(folder)
        self.limits = limits
        self.registry = Registry(self.folder, self._dispose)

    def guarantees(self, report: HostReport) -> frozenset[str]:
        from backends.catalogue import find

        return find("storage", self.name).guarantees(report)

    # ------------------------------------------------------------------------- what differs between the backends

    def _prepare(self, making: Making) -> None:
        """Makes an empty tree into one that stands on its parent."""
        raise NotImplementedError

    def _unpack(self, making: Making, archive: BinaryIO) -> int:
        """Lays an archive over the prepared tree; the bytes of its files."""
        raise NotImplementedError

    def _changes(self, layer: str) -> list[Change]:
        """In the order of a walk."""
        raise NotImplementedError

    def _look(self, layer: str) -> Sight:
        """The folders that together are a layer's tree."""
        self.registry.get(layer)
        return Sight([self.registry.tree(layer)])

    def _marks(self) -> Marks:
        """How its layers say that something below is gone."""
        from backends.storage.marks import TRUSTED

        return TRUSTED

    def _dispose(self, folder: str) -> None:
        """Removes a folder of layers on their way, and the layer in it, whole or not. Killed, it is called again."""
        from backends.storage.removal import remove_tree

        remove_tree(folder)

    # ------------------------------------------------------------------------------------------- the contract

    def create(self, layer: str, parent: str | None) -> None:
        # Nothing is synced: a container's empty layer that a power failure takes is named by `repair`.
        making = self._begin(layer, parent, read_only=False)
        try:
            self._prepare(making)
            self.registry.publish(making)
        except OSError as error:
            self._give_up(making, error)
            raise storage_error(f"cannot create the layer {layer}", error) from error
        except BaseException as error:
            self._give_up(making, error)
            raise

    def apply(self, layer: str, parent: str | None, archive: BinaryIO) -> int:
        making = self._begin(layer, parent, read_only=True)
        try:
            self._prepare(making)
            size = making.record.size = self._unpack(making, archive)
            verify = getattr(archive, "verify", None)
            if verify is not None:  # a reader that hashes what it gives, and may object before the layer is one
                verify()
            _sync(making.folder)
            self.registry.publish(making)
            _sync_folder(f"{self.folder}/layers")
        except OSError as error:
            self._give_up(making, error)
            raise storage_error(f"cannot unpack the layer {layer}", error) from error
        except BaseException as error:
            self._give_up(making, error)
            raise
        return size

    def _begin(self, layer: str, parent: str | None, read_only: bool) -> Making:
        try:
            return self.registry.begin(layer, parent, read_only)
        except OSError as error:
            raise storage_error(f"cannot begin the layer {layer}", error) from error

    def _give_up(self, making: Making, first: BaseException) -> None:
        if making.lock < 0:  # published: it is a layer now
            return
        try:
            self.registry.discard(making)
        except OSError as error:
            text = f"{first}; and {making.folder} could not be removed: {error}"
            raise StorageError(text, "remove what is left by `runtime system prune`") from first

    def changes(self, layer: str) -> Iterator[tuple[str, str]]:
        changes = self._changes(layer)
        changes.sort(key=lambda change: change.path)
        for change in changes:
            yield change.kind, os.fsdecode(b"/" + change.path)

    def diff(self, layer: str, archive: BinaryIO, root: bool = False) -> None:
        from backends.storage.changes import CHANGED, Change
        from backends.storage.pack import pack

        changes = self._changes(layer)
        if root:
            changes.insert(0, Change(CHANGED, b""))
        with self._look(layer) as sight:
            pack(changes, sight.trees[0], archive)

    def peek(self, layer: str, path: str, limit: int) -> bytes:
        from backends.storage.peek import peek
        from backends.storage.view import View

        with self._look(layer) as sight, View(sight.trees, self._marks()) as view:
            return peek(view, path, limit)

    def usage(self, layer: str) -> int:
        from backends.storage.usage import usage

        with self._look(layer) as sight:
            return usage(sight.trees[0])

    def remove(self, layer: str) -> None:
        if self.mounted(layer):
            raise StorageError(f"the layer {layer} is mounted", "stop the container that uses it first")
        try:
            self.registry.remove(layer)
        except OSError as error:
            raise storage_error(f"cannot remove the layer {layer}", error) from error

    def mounted(self, layer: str) -> bool:
        """Whether a mount of this process's mount namespace shows this layer."""
        raise NotImplementedError

    def layers(self) -> dict[str, str | None]:
        return {name: one.parent for name, one in self.registry.all().items()}

    def repair(self) -> list[str]:
        return self.registry.repair()

    def unmount(self, layer: str, target: str) -> None:
        self.registry.path(layer)
        for _ in range(2):  # below an overlay with shifted owners is the store with shifted owners
            try:
                kernel.umount(target, kernel.UMOUNT_NOFOLLOW)
            except OSError as error:
                if error.errno == errno.EBUSY:  # somebody's working folder: it goes with its last user
                    kernel.umount(target, kernel.UMOUNT_NOFOLLOW | kernel.MNT_DETACH)
                elif error.errno in (errno.EINVAL, errno.ENOENT):
                    return
                else:
                    raise storage_error(f"cannot unmount {target}", error) from error


def storage_error(what: str, error: OSError) -> StorageError:
    """An OSError as this room tells it, with what to do where that is known."""
    if isinstance(error, StorageError):
        return error
    reason = error.strerror or str(error)
    where = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, (str, bytes)) else ""
    name = errno.errorcode.get(error.errno or 0, "")
    hint = _HINTS.get(error.errno or 0, "")
    return StorageError(f"{what}: {reason}{where}{f' [{name}]' if name else ''}", hint)


_HINTS = {
    errno.ENOSPC: "free space on the disk that holds the layers, or remove images and containers that are not needed",
    errno.EDQUOT: "free space below your quota, or ask for more",
    errno.EROFS: "the file system that holds the layers is read-only: choose another folder for them",
    errno.EPERM: "run it as root",
    errno.EACCES: "run it as root",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def _sync(folder: str) -> None:
    """One syncfs(2) (Linux 2.6.39) a layer instead of an fsync a file; sync(2) where that is unknown."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        kernel.syncfs(descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
        os.sync()
    finally:
        os.close(descriptor)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
