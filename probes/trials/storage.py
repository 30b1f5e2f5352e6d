"""What the file system of the store can do. `scratch` is an empty folder there, removed by the runner."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import struct

from arch import kernel
from arch.ioctls import FICLONE, iow, iowr
from probes.trials.attempt import USER, Failed, become_root, call

BTRFS_SUBVOLUME_CREATE = iow(0x94, 14, 4096)
BTRFS_SNAPSHOT_DESTROY = iow(0x94, 15, 4096)
DEVICEMAPPER_LIST_VERSIONS = iowr(0xFD, 13, 312)
LOOP_SET_FD, LOOP_CLR_FD, LOOP_GET_STATUS64, LOOP_CTL_REMOVE, LOOP_CTL_GET_FREE = 0x4C00, 0x4C01, 0x4C05, 0x4C81, 0x4C82
DT_UNKNOWN = 0
# struct vfs_cap_data, revision 2, effective, CAP_NET_RAW: what ping has
FILE_CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


def _file(scratch: str, name: str, size: int = 0) -> str:
    path = os.path.join(scratch, name)
    with open(path, "wb") as file:
        file.write(b"x" * size)
    return path


def chown(scratch: str) -> str:
    path = _file(scratch, "file")
    call("chown()", os.chown, path, 12345, 54321)
    seen = os.stat(path)
    if (seen.st_uid, seen.st_gid) != (12345, 54321):
        raise Failed("chown()", 0, f"succeeded, and the owner is {seen.st_uid}:{seen.st_gid}")
    return ""


def attribute(scratch: str, space: str, mode: str) -> str:
    path = _file(scratch, "file")
    if mode == USER:
        become_root()
    name = "security.capability" if space == "security" else f"{space}.runtime.trial"
    value = FILE_CAPABILITY if space == "security" else b"1"
    call(f"setxattr({name})", os.setxattr, path, name, value)
    call(f"getxattr({name})", os.getxattr, path, name)
    return ""


def whiteout(scratch: str) -> str:
    """A character device 0:0: since Linux 5.8 nobody needs a privilege for it."""
    path = os.path.join(scratch, "whiteout")
    call("mknod(c 0:0)", os.mknod, path, stat.S_IFCHR, os.makedev(0, 0))
    if not stat.S_ISCHR(os.lstat(path).st_mode):
        raise Failed("mknod(c 0:0)", 0, "succeeded, and made something else")
    return ""


def device_node(scratch: str) -> str:
    path = os.path.join(scratch, "null")
    call("mknod(c 1:3)", os.mknod, path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"made, but open() says {error.strerror}: the file system is mounted nodev"
    return ""


def entry_types(scratch: str) -> str:
    """Reads raw directory entries: one of type DT_UNKNOWN means that overlay cannot work here."""
    _file(scratch, "file")
    os.mkdir(os.path.join(scratch, "folder"))
    descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    buffer = bytearray(4096)
    size = call("getdents64()", kernel.syscall, "getdents64", descriptor, kernel.address(buffer), len(buffer))
    offset = 0
    while offset < size:
        _, _, length, kind = struct.unpack_from("=QqHB", buffer, offset)
        if kind == DT_UNKNOWN:
            raise Failed("getdents64()", 0, "entries have no type (d_type; xfs made with ftype=0 is the usual case)")
        offset += length
    return ""


def exchange(scratch: str) -> str:
    one, two = _file(scratch, "one"), _file(scratch, "two", 1)
    here = kernel.AT_FDCWD
    call("renameat2(RENAME_EXCHANGE)", kernel.renameat2, here, one, here, two, kernel.RENAME_EXCHANGE)
    if os.path.getsize(one) != 1:
        raise Failed("renameat2(RENAME_EXCHANGE)", 0, "succeeded, without its effect")
    return ""


def reflink(scratch: str) -> str:
    source, target = _file(scratch, "source", 65536), _file(scratch, "target")
    with open(source, "rb") as old, open(target, "r+b") as new:
        call("ioctl(FICLONE)", fcntl.ioctl, new.fileno(), FICLONE, old.fileno())
    if os.path.getsize(target) != 65536:
        raise Failed("ioctl(FICLONE)", 0, "succeeded, and copied nothing")
    return ""


def copy_range(scratch: str) -> str:
    source, target = _file(scratch, "source", 65536), _file(scratch, "target")
    with open(source, "rb") as old, open(target, "r+b") as new:
        arguments = (old.fileno(), None, new.fileno(), None, 65536, 0)
        copied = call("copy_file_range()", kernel.syscall, "copy_file_range", *arguments)
    # NFS and FUSE of some kernels answered 0 without an error
    if copied != 65536 or os.path.getsize(target) != 65536:
        raise Failed("copy_file_range()", 0, f"copied {copied} bytes of 65536")
    return ""


def btrfs(scratch: str) -> str:
    """Makes a subvolume and removes it; ENOTTY where the store is not on btrfs."""
    descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    name = bytearray(struct.pack("q4088s", 0, b"subvolume"))
    call("ioctl(BTRFS_IOC_SUBVOL_CREATE)", fcntl.ioctl, descriptor, BTRFS_SUBVOLUME_CREATE, name)
    try:
        call("ioctl(BTRFS_IOC_SNAP_DESTROY)", fcntl.ioctl, descriptor, BTRFS_SNAPSHOT_DESTROY, name)
    except Failed:  # without user_subvol_rm_allowed; rmdir() may, since 4.18
        call("rmdir(subvolume)", os.rmdir, os.path.join(scratch, "subvolume"))
    return ""


def devicemapper(scratch: str) -> str:
    """Asks device-mapper for its targets. A thin pool itself is too much to make for a question."""
    control = "/dev/mapper/control"
    if not os.path.exists(control):  # containers and old udevs: the number is fixed since 2.6.36
        control = os.path.join(scratch, "control")
        call("mknod(/dev/mapper/control)", os.mknod, control, stat.S_IFCHR | 0o600, os.makedev(10, 236))
    descriptor = call("open(/dev/mapper/control)", os.open, control, os.O_RDWR | os.O_CLOEXEC)
    buffer = bytearray(16384)
    struct.pack_into("=5I", buffer, 0, 4, 0, 0, len(buffer), 312)
    call("ioctl(DM_LIST_VERSIONS)", fcntl.ioctl, descriptor, DEVICEMAPPER_LIST_VERSIONS, buffer)
    targets = _targets(bytes(buffer))
    if not any(target.startswith("thin-pool") for target in targets):
        raise Failed("ioctl(DM_LIST_VERSIONS)", 0, f"no target thin-pool among {' '.join(targets)}")
    return " ".join(targets)


def _targets(buffer: bytes) -> list[str]:
    offset, found = struct.unpack_from("=I", buffer, 16)[0], []
    while 0 < offset <= len(buffer) - 16:
        step, *version = struct.unpack_from("=4I", buffer, offset)
        name = buffer[offset + 16 :].split(b"\0", 1)[0].decode(errors="replace")
        found.append(f"{name}-{'.'.join(map(str, version))}")
        if not step:
            break
        offset += step
    return found


def loop(scratch: str) -> str:
    """Attaches a file to a free loop device, and detaches it."""
    path = _file(scratch, "disk", 65536)
    if not os.path.exists("/dev/loop-control") and os.path.exists("/dev/loop0"):  # it came with 3.1
        return _attach(_unused(), path)
    control = call("open(/dev/loop-control)", os.open, "/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    before = {name for name in os.listdir("/dev") if name.startswith("loop")}
    number = call("ioctl(LOOP_CTL_GET_FREE)", fcntl.ioctl, control, LOOP_CTL_GET_FREE)
    try:
        return _attach(f"/dev/loop{number}", path)
    finally:
        if f"loop{number}" not in before:
            with contextlib.suppress(OSError):
                fcntl.ioctl(control, LOOP_CTL_REMOVE, number)


def _unused() -> str:
    """A loop device that says ENXIO when asked what is behind it."""
    for number in range(8):
        device = f"/dev/loop{number}"
        try:
            with open(device, "rb") as file:
                fcntl.ioctl(file.fileno(), LOOP_GET_STATUS64, bytearray(232))
        except OSError as error:
            if error.errno == errno.ENXIO:
                return device
    raise Failed("ioctl(LOOP_GET_STATUS64)", errno.EBUSY, "every loop device is in use")


def _attach(device: str, path: str) -> str:
    with open(path, "r+b") as file:
        descriptor = call(f"open({device})", os.open, device, os.O_RDWR | os.O_CLOEXEC)
        try:
            call("ioctl(LOOP_SET_FD)", fcntl.ioctl, descriptor, LOOP_SET_FD, file.fileno())
        except Failed as failure:
            if failure.number == errno.EBUSY:  # somebody took it in between, so loop devices work
                return f"{device} was taken meanwhile"
            raise
        fcntl.ioctl(descriptor, LOOP_CLR_FD, 0)
        os.close(descriptor)
    return device
