"""Layers as file systems on thin devices of device-mapper, each a snapshot of its parent's. On the launch path.

A layer's folder holds its record and `device`, the number of its device in the pool: written before the device is made
and removed after it is gone, so that who finds the folder of a killed process can undo it.
"""

from __future__ import annotations

import os

from arch import kernel
from backends.errors import StorageError
from backends.storage.locks import Lock
from backends.storage.pool import Pool
from backends.storage.store import LayerStore, Sight, storage_error
from backends.storage.thin import BASE, MOST_DEVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from backends.storage.changes import Change
    from backends.storage.limits import Limits
    from backends.storage.record import Record
    from backends.storage.registry import Making
    from backends.storage.shift import Owners

_DEVICE = "device"


class _Mounted(Sight):
    """Layers' roots as descriptors of mounts that nobody else sees."""

    __slots__ = ("_descriptors", "_devices", "_pool")

    def __init__(self, pool: Pool, devices: list[int], descriptors: list[int]) -> None:
        super().__init__([f"/proc/self/fd/{descriptor}/." for descriptor in descriptors])
        self._pool = pool
        self._devices = devices
        self._descriptors = descriptors

    def close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())
        for device in self._devices:
            self._pool.let_go(device)


class DeviceMapperStorage(LayerStore):
    """Needs neither a union nor a file system that is anything special: for kernels from 3.2 on (2.6.32 with RHEL's
    patches). On two sparse files of the store's own, or on devices that are given."""

    name = "devicemapper"
    title = "thin devices of device-mapper, a file system each"

    def __init__(self, folder: str, limits: Limits | None = None) -> None:
        super().__init__(folder, limits)
        self.pool = Pool(self.folder)

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        record = self.registry.get(layer)
        if not read_only and not record.writable:
            raise StorageError(f"the layer {layer} is an image's: it can only be mounted read-only")
        more = f'context="{label}"' if label else ""
        # What is mounted twice is one file system to the kernel: the mounts differ, never it.
        flags = 0 if record.writable else kernel.MS_RDONLY
        try:
            with self.pool.lock():
                self.pool.mount(self.pool.open(), self._device(layer), target, flags, more)
            if owners is not None:
                from backends.storage import shift

                shift.show(target, target, owners)
            if read_only and record.writable:
                kernel.mount(None, target, None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY)
        except OSError as error:
            raise storage_error(f"cannot mount the layer {layer} on {target}", error) from error
        return target

    def unmount(self, layer: str, target: str) -> None:
        super().unmount(layer, target)
        try:
            self.pool.let_go(self._device(layer))
        except FileNotFoundError:
            return

    def mounted(self, layer: str) -> bool:
        try:
            return self.pool.opened(self._device(layer))
        except FileNotFoundError:
            return False

    def _device(self, layer: str) -> int:
        return _read(self.registry.path(layer))

    # ----------------------------------------------------------------------------------- off the launch path

    def _prepare(self, making: Making) -> None:
        from backends.storage import poolmaking

        parent = making.record.parent
        origin = self._device(parent) if parent is not None else BASE
        with self.pool.lock():
            record = self.pool.open()
            poolmaking.room(self.pool, record, _ROOM)
            device = self._free_device()
            _write(making.folder, device)
            self.pool.snapshot(record, device, origin)
        if making.record.writable:
            from backends.storage.clock import after

            making.record.born = after(making.folder)

    def _free_device(self) -> int:
        """A number that no layer has, there or on its way."""
        taken = {BASE}
        for part in ("layers", "making"):
            for name in os.listdir(f"{self.folder}/{part}"):
                try:
                    taken.add(_read(f"{self.folder}/{part}/{name}"))
                except FileNotFoundError:
                    continue
        for device in range(len(taken) + 1):
            if device not in taken:
                return device
        raise StorageError(f"a thin pool has no more than {MOST_DEVICES} devices", "remove containers and images")

    def _unpack(self, making: Making, archive: BinaryIO) -> int:
        from backends.storage.limits import Limits
        from backends.storage.poolwatch import Watched
        from backends.storage.unpack import unpack
        from backends.storage.view import View
        from backends.storage.whiteouts import CopyWhiteouts

        with self._see([_read(making.folder)], read_only=False) as sight:
            watched = Watched(archive, self.pool, sight.trees[0])
            size = unpack(watched, sight.trees[0], CopyWhiteouts(), View([]), self.limits or Limits())  # type: ignore[arg-type]
            watched.flush()
        return size

    def _see(self, devices: list[int], read_only: bool = True) -> Sight:
        descriptors: list[int] = []
        sight = _Mounted(self.pool, devices, descriptors)
        try:
            with self.pool.lock():
                record = self.pool.open()
                descriptors += [self.pool.show(record, device, read_only) for device in devices]
        except BaseException:
            sight.close()
            raise
        sight.trees = [f"/proc/self/fd/{descriptor}/." for descriptor in descriptors]
        return sight

    def _look(self, layer: str) -> Sight:
        one = self.registry.get(layer)
        return self._see([self._device(layer)], read_only=not one.writable)

    def _below(self, record: Record) -> Sight:
        return self._see([self._device(record.parent)] if record.parent else [])

    def _changes(self, layer: str) -> list[Change]:
        from backends.storage.changes import Snapshot, copy_changes
        from backends.storage.view import View

        record = self.registry.get(layer)
        with self._look(layer) as sight, self._below(record) as below, View(below.trees) as view:
            return copy_changes(sight.trees[0], view, Snapshot(record.born))

    def usage(self, layer: str) -> int:
        from backends.storage.usage import usage

        record = self.registry.get(layer)
        with self._look(layer) as sight, self._below(record) as below:
            return usage(sight.trees[0], below.trees[0] if below.trees else "")

    def remove(self, layer: str) -> None:
        super().remove(layer)
        self._retire()

    def _retire(self) -> None:
        """An empty store gives everything back."""
        with Lock(f"{self.folder}/lock"):
            if any(os.listdir(f"{self.folder}/{part}") for part in ("layers", "making")):
                return
            with self.pool.lock():
                from backends.storage import poolmaking

                poolmaking.retire(self.pool)

    def _dispose(self, folder: str) -> None:
        try:
            device = _read(folder)
        except FileNotFoundError:
            device = -1  # killed before it chose one
        if device >= 0:
            with self.pool.lock():
                self.pool.delete(self.pool.open(), device)
        super()._dispose(folder)

    def repair(self) -> list[str]:
        if not os.path.isdir(f"{self.folder}/pool"):
            return super().repair()
        done = super().repair()
        with self.pool.lock():
            self.pool.sweep()
        return done

    def release(self) -> None:
        try:
            with self.pool.lock():
                self.pool.release()
        except FileNotFoundError:
            return
        except OSError as error:
            raise storage_error("cannot let go of the thin pool", error) from error


_ROOM = 64 << 20  # bytes that a new layer is to find free


def _read(folder: str) -> int:
    """The number of a layer's device. FileNotFoundError; StorageError for a damaged one."""
    path = f"{folder}/{_DEVICE}"
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(descriptor, 64)
    finally:
        os.close(descriptor)
    try:
        return int(text)
    except ValueError:
        raise StorageError(f"{path}: a damaged number", "remove the layer's images and load them again") from None


def _write(folder: str, device: int) -> None:
    """On disk before the device is."""
    made = f"{folder}/{_DEVICE}.new"
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, b"%d\n" % device)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(made, f"{folder}/{_DEVICE}")
    parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
