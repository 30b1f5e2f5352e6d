"""Making a thin pool, putting it to work, and letting it grow."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import struct
import subprocess

from arch import devicemapper, loop
from arch.ioctls import BLKDISCARD, BLKGETSIZE64
from backends.errors import StorageError
from backends.storage import options, poolrecord, thin
from backends.storage.pool import Pool
from backends.storage.poolrecord import PoolRecord
from backends.storage.thin import BASE, BLOCK, SECTOR

_LEAST = 256 << 20
_MOST = 8 << 40  # bytes: what ext4 can hold in one file is twice that
_BASE_SIZE = "10g"
_RESERVE = 16 << 20  # bytes of the disk that are left to others
_ZEROS = 4096  # by which the kernel tells new metadata from old

# Not the journal of a server: a layer is written to by one container. 256 bytes an inode, for time stamps in ns.
_MKFS = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-I", "256", "-J", "size=16", "-m", "0",
             "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1"],
    "xfs": ["mkfs.xfs", "-q", "-f", "-K"],
}  # fmt: skip


def make(pool: Pool, record: PoolRecord | None) -> PoolRecord:
    """A new pool with its base, or what somebody began and was killed in."""
    os.makedirs(pool.place, 0o700, exist_ok=True)
    if record is None:
        given = options.read(pool.folder)
        record = PoolRecord(
            options.size(given.get("base-size", _BASE_SIZE)) // SECTOR // BLOCK * BLOCK,
            _filesystem(given.get("filesystem", "")),
            given.get("data", ""),
            given.get("metadata", ""),
        )
        _make_files(pool, record, given)
        poolrecord.write(pool.record_path, record)
    if devicemapper.find(pool.prefix + "-pool") is None:
        start(pool, record)
    _make_base(pool, record)
    return record


def _filesystem(wanted: str) -> str:
    for name in (wanted,) if wanted else tuple(_MKFS):
        if shutil.which(_MKFS[name][0], path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"):
            return name
    raise StorageError(
        f"there is no {_MKFS[wanted or 'ext4'][0]} here, which makes the file system of a layer",
        "install e2fsprogs (mkfs.ext4) or xfsprogs (mkfs.xfs), or use another storage backend",
    )


def _make_files(pool: Pool, record: PoolRecord, given: dict[str, str]) -> None:
    disk = os.statvfs(pool.folder)
    whole = disk.f_blocks * disk.f_frsize
    size = options.size(given["data-size"]) if "data-size" in given else max(_LEAST, min(whole, _MOST))
    if record.data:
        size = _device_size(record.data)
    sizes = {
        "data": size >> 20 << 20,
        "metadata": options.size(given["metadata-size"]) if "metadata-size" in given else thin.metadata_size(size),
    }
    for name, device in (("data", record.data), ("metadata", record.metadata)):
        if device:
            _expect_empty(device)
            continue
        with open(f"{pool.folder}/pool/{name}", "wb") as file:
            os.chmod(file.fileno(), 0o600)
            file.truncate(sizes[name])


def _expect_empty(device: str) -> None:
    with open(device, "rb") as file:
        if not stat.S_ISBLK(os.fstat(file.fileno()).st_mode):
            raise StorageError(f"{device} is no block device", "give the path of one, or none for a file")
        if file.read(_ZEROS).strip(b"\0"):
            raise StorageError(
                f"the device {device} holds something",
                f"if that can go, clear its beginning: dd if=/dev/zero of={device} bs=4096 count=1",
            )


def _device_size(device: str) -> int:
    buffer = bytearray(8)
    with open(device, "rb") as file:
        fcntl.ioctl(file.fileno(), BLKGETSIZE64, buffer)
    return int(struct.unpack("=Q", buffer)[0])


def start(pool: Pool, record: PoolRecord) -> None:
    """Loads a pool's table, over new loop devices, which go with the pool."""
    held = []
    try:
        numbers = {}
        for name, device in (("metadata", record.metadata), ("data", record.data)):
            path = device or f"{pool.folder}/pool/{name}"
            held.append(os.open(path, os.O_RDWR | os.O_CLOEXEC) if device else loop.attach(path))
            numbers[name] = _number(held[-1])
        size = _device_size(record.data) if record.data else pool.size
        name = pool.prefix + "-pool"
        devicemapper.create(name)
        try:
            _load(name, size, numbers["metadata"], numbers["data"])
            devicemapper.resume(name)
        except OSError:
            devicemapper.remove(name)
            raise
    finally:
        for descriptor in held:
            os.close(descriptor)


def _number(device: int) -> str:
    number = os.fstat(device).st_rdev
    return f"{os.major(number)}:{os.minor(number)}"


def _load(name: str, size: int, metadata: str, data: str) -> None:
    low_water = size // (BLOCK * SECTOR) // 10
    sectors = size // SECTOR // BLOCK * BLOCK
    try:
        devicemapper.load(name, sectors, "thin-pool", thin.pool_table(metadata, data, low_water, True))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        devicemapper.load(name, sectors, "thin-pool", thin.pool_table(metadata, data, low_water, False))


def _make_base(pool: Pool, record: PoolRecord) -> None:
    """A device with an empty file system, made anew where somebody was killed in it."""
    try:
        pool.message(f"create_thin {BASE}")
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
        pool.delete(record, BASE)
        pool.message(f"create_thin {BASE}")
    node = pool.activate(record, BASE)
    done = subprocess.run(
        [*_MKFS[record.filesystem], node],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"},
    )
    if done.returncode:
        raise StorageError(f"{_MKFS[record.filesystem][0]} on {node} fails: {done.stderr.strip() or done.returncode}")
    root = pool.show(record, BASE, read_only=False)
    try:
        if os.path.isdir(f"/proc/self/fd/{root}/lost+found"):
            os.rmdir(f"/proc/self/fd/{root}/lost+found")
        os.chmod(f"/proc/self/fd/{root}/.", 0o755)
    finally:
        os.close(root)
    pool.let_go(BASE)
    record.based = True
    poolrecord.write(pool.record_path, record)


def discard(device: str) -> None:
    """Lets go of all that a device holds alone."""
    descriptor = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    try:
        buffer = bytearray(8)
        fcntl.ioctl(descriptor, BLKGETSIZE64, buffer)
        fcntl.ioctl(descriptor, BLKDISCARD, struct.pack("=QQ", 0, struct.unpack("=Q", buffer)[0]))
    finally:
        os.close(descriptor)


def room(pool: Pool, record: PoolRecord, wanted: int) -> int:
    """Bytes that can be written to the pool now, which is let grow where fewer than `wanted` are left. StorageError
    (ENOSPC) where there is next to nothing."""
    status = pool.status()
    if record.data:
        free = status.free
        place = f"the device {record.data}"
    else:
        disk = os.statvfs(pool.folder)
        spare = max(0, disk.f_bavail * disk.f_frsize - min(_RESERVE, disk.f_blocks * disk.f_frsize // 8))
        if status.free < min(wanted, spare):
            grow(pool, pool.size + max(wanted, pool.size // 2))
            status = pool.status()
        free = min(status.free, spare)
        place = f"the disk that holds {pool.folder}/pool"
    if free < 1 << 20:
        raise StorageError(
            f"the thin pool is full: no space left on {place} [ENOSPC]",
            f"free space on {place}, or remove images and containers that are not needed",
        )
    return free


def grow(pool: Pool, size: int) -> None:
    """Lets a pool on files have so many bytes of data, and metadata for them."""
    name = pool.prefix + "-pool"
    metadata, data = devicemapper.table(name).split()[:2]
    size = size >> 20 << 20
    sizes = {"data": size, "metadata": max(thin.metadata_size(size), os.stat(f"{pool.folder}/pool/metadata").st_size)}
    for part, number in (("data", data), ("metadata", metadata)):
        path = f"{pool.folder}/pool/{part}"
        if os.path.exists(path) and os.stat(path).st_size < sizes[part]:
            os.truncate(path, sizes[part])
            _refresh(pool, number)
    _load(name, size, metadata, data)
    devicemapper.resume(name)


def _refresh(pool: Pool, number: str) -> None:
    from backends.storage.nodes import node

    major, _, minor = number.partition(":")
    descriptor = os.open(node(os.makedev(int(major), int(minor)), f"{pool.folder}/pool"), os.O_RDONLY | os.O_CLOEXEC)
    try:
        loop.refresh(descriptor)
    finally:
        os.close(descriptor)


def retire(pool: Pool) -> None:
    """Removes an empty pool with all its files."""
    from backends.storage.removal import remove_tree

    pool.release()
    remove_tree(f"{pool.folder}/pool")
