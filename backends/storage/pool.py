"""A thin pool of device-mapper: on two sparse files of its own, or on given devices. On the launch path.

    pool.lock           one change of the pool and its devices at a time
    pool/record         what it is made of (poolrecord)
    pool/data           sparse, grows when the pool fills
    pool/metadata       sparse
    pool/place          an empty folder to mount on for a moment

Killed at any time, the next who opens the pool finds a record of what was begun: a pool without its table gets one, a
base without its file system another one, a transaction that was begun is either done or not.
"""

from __future__ import annotations

import errno
import os
import time

from arch import devicemapper, kernel
from backends.errors import StorageError
from backends.storage import poolrecord, thin
from backends.storage.locks import Lock
from backends.storage.nodes import node
from backends.storage.poolrecord import PoolRecord
from backends.storage.thin import PoolStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

_PATIENCE = 5.0  # seconds for others, such as udev's rules, to close a device that they look at
_GONE = frozenset((errno.ENXIO, errno.ENODEV, errno.ENOENT))


class Pool:
    """`folder` is the store's. Whoever calls holds `lock()`, but for what says otherwise."""

    __slots__ = ("_prefix", "folder")

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._prefix = ""

    def lock(self) -> Lock:
        return Lock(f"{self.folder}/pool.lock")

    @property
    def record_path(self) -> str:
        return f"{self.folder}/pool/record"

    @property
    def place(self) -> str:
        return f"{self.folder}/pool/place"

    @property
    def prefix(self) -> str:
        """What the names of this store's devices begin with: no other folder's do."""
        if not self._prefix:
            status = os.stat(self.folder)
            self._prefix = f"runtime-{status.st_dev:x}-{status.st_ino:x}"
        return self._prefix

    def name(self, device: int) -> str:
        return f"{self.prefix}-{device}"

    # ------------------------------------------------------------------------------------------------- the pool

    def open(self) -> PoolRecord:
        """Has the pool at work, made if there is none yet. StorageError where it takes nothing more."""
        record = poolrecord.read(self.record_path)
        if record is None or not record.based:
            from backends.storage import poolmaking

            record = poolmaking.make(self, record)
        elif not self._at_work():
            self.start(record)
        status = self.status()
        problem = thin.trouble(status)
        if problem is not None and status.mode != "out_of_data_space":
            raise problem
        if status.transaction not in (record.transaction, record.transaction - 1):
            raise StorageError(
                f"the thin pool in {self.folder}/pool is not the one that its layers were made in: it is at transaction"
                f" {status.transaction}, and {record.transaction} was the last here",
                "restore pool/data and pool/metadata from the same copy as the rest of the folder",
            )
        return record

    def _at_work(self) -> bool:
        device = devicemapper.find(self.prefix + "-pool")
        if device is None:
            return False
        if not device.active:  # somebody was killed between making it and its table
            devicemapper.remove(self.prefix + "-pool")
            return False
        if device.suspended:
            devicemapper.resume(self.prefix + "-pool")
        return True

    def start(self, record: PoolRecord) -> None:
        from backends.storage import poolmaking

        poolmaking.start(self, record)

    def status(self) -> PoolStatus:
        return thin.parse(devicemapper.status(self.prefix + "-pool"))

    def message(self, text: str) -> None:
        devicemapper.message(self.prefix + "-pool", text)

    def snapshot(self, record: PoolRecord, device: int, origin: int) -> None:
        """A new device as a snapshot of one that nobody writes to; the pool's next transaction."""
        current = self.status().transaction
        record.transaction = current + 1
        poolrecord.write(self.record_path, record)
        # The origin is a layer that is only ever mounted read-only: it need not be suspended meanwhile.
        self.message(f"create_snap {device} {origin}")
        self.message(f"set_transaction_id {current} {current + 1}")

    # ------------------------------------------------------------------------------------------------- its devices

    def activate(self, record: PoolRecord, device: int) -> str:
        """The node of a layer's device, which is made if it is not there."""
        name = self.name(device)
        found = devicemapper.find(name)
        if found is not None and not found.active:
            self._remove(name)
            found = None
        if found is None:
            pool = devicemapper.find(self.prefix + "-pool")
            assert pool is not None
            number = f"{os.major(pool.number)}:{os.minor(pool.number)}"
            devicemapper.create(name)
            try:
                devicemapper.load(name, record.sectors, "thin", thin.thin_table(number, device))
                devicemapper.resume(name)
            except OSError:
                devicemapper.remove(name)
                raise
            found = devicemapper.find(name)
            assert found is not None
        return node(found.number, f"{self.folder}/pool")

    def mount(self, record: PoolRecord, device: int, target: str, flags: int = 0, more: str = "") -> None:
        """Mounts a layer's device; it goes with its last mount (where it cannot yet, before Linux 3.13, `let_go`)."""
        options = ",".join(part for part in (_OPTIONS[record.filesystem][bool(flags & kernel.MS_RDONLY)], more) if part)
        for attempt in range(10):
            try:
                kernel.mount(self.activate(record, device), target, record.filesystem, flags, options)
                break
            except OSError as error:
                # The last mount that it had has just gone, and the device with it.
                if error.errno not in _GONE or attempt == 9 or not os.path.isdir(target):
                    raise
        self.let_go(device)

    def show(self, record: PoolRecord, device: int, read_only: bool) -> int:
        """A layer's root as a descriptor: a mount that nobody sees, gone with the descriptor however we end."""
        self.clear_place()
        self.mount(record, device, self.place, kernel.MS_RDONLY if read_only else 0)
        try:
            return os.open(self.place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            kernel.umount(self.place, kernel.MNT_DETACH)

    def clear_place(self) -> None:
        """What somebody left mounted who was killed in `show`."""
        while True:
            try:
                kernel.umount(self.place, kernel.MNT_DETACH)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOENT):
                    raise
                return

    def let_go(self, device: int) -> None:
        """Removes a device from the kernel's memory, now or when its last mount goes. Needs no lock."""
        try:
            devicemapper.remove(self.name(device), deferred=True)
        except OSError as error:
            if error.errno not in (errno.EBUSY, *_GONE):
                raise

    def opened(self, device: int) -> bool:
        """Whether somebody has it mounted, in whatever mount namespace. Needs no lock."""
        found = devicemapper.find(self.name(device))
        return found is not None and found.opened > 0

    def delete(self, record: PoolRecord, device: int) -> None:
        """Gives its blocks back to the pool, and the pool's to the disk; success if it is gone already."""
        from backends.storage import poolmaking

        self.clear_place()  # it may be this one that is mounted there
        try:
            poolmaking.discard(self.activate(record, device))
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENODATA, errno.EINVAL, *_GONE):
                raise
        self._remove(self.name(device))
        try:
            self.message(f"delete {device}")
        except OSError as error:
            if error.errno != errno.ENODATA:
                raise

    def _remove(self, name: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                devicemapper.remove(name)
                return
            except OSError as error:
                if error.errno in _GONE:
                    return
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def release(self) -> None:
        """Takes the pool and its devices out of the kernel; the files stay. EBUSY while a layer is mounted."""
        if not os.path.isdir(f"{self.folder}/pool"):
            return
        self.clear_place()
        for name in devicemapper.names():
            if name.startswith(self.prefix + "-") and name != self.prefix + "-pool":
                self._remove(name)
        self._remove(self.prefix + "-pool")

    def sweep(self) -> None:
        """Devices that nobody has open, of processes that were killed."""
        self.clear_place()
        for name in devicemapper.names():
            if name.startswith(self.prefix + "-") and name != self.prefix + "-pool":
                found = devicemapper.find(name)
                if found is not None and not found.opened:
                    self._remove(name)

    @property
    def size(self) -> int:
        """Bytes of its data file, 0 for a given device."""
        try:
            return os.stat(f"{self.folder}/pool/data").st_size
        except FileNotFoundError:
            return 0


# By file system: mount options of a layer that is written to, and of one that is not. Removed files give their blocks
# back; inode tables are left as the pool's empty blocks (the kernel would write them all); snapshots have the identity
# of their origin, which xfs wants to be told.
_OPTIONS = {
    "ext4": ("discard,noinit_itable", ""),
    "xfs": ("discard,nouuid", "nouuid"),
}
