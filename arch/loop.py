"""Loop devices (loop(4)): files as block devices, found by number and freed by the kernel when nobody uses them."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct

_SET_FD, _CLR_FD, _SET_STATUS, _GET_STATUS, _SET_CAPACITY, _GET_FREE = 0x4C00, 0x4C01, 0x4C04, 0x4C05, 0x4C07, 0x4C82
# struct loop_info64: device, inode, rdevice, offset, sizelimit, number, encrypt_type, encrypt_key_size, flags, names
_INFO = struct.Struct("=5Q4I64s64s32s2Q")
_AUTOCLEAR = 4  # Linux 2.6.25
_CONTROL = "/dev/loop-control"  # Linux 3.1
_MAJOR = 7


def attach(path: str) -> int:
    """The descriptor of a loop device over a file. It goes when nobody has it open: hand it on, then close."""
    backing = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        while True:
            device = _open_free()
            try:
                fcntl.ioctl(device, _SET_FD, backing)
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:  # somebody took it in between
                    raise OSError(error.errno, f"LOOP_SET_FD: {error.strerror}", path) from None
                continue
            _name(device, path)
            return device
    finally:
        os.close(backing)


def _name(device: int, path: str) -> None:
    name = os.fsencode(path)[-63:]
    fcntl.ioctl(device, _SET_STATUS, bytearray(_INFO.pack(0, 0, 0, 0, 0, 0, 0, 0, _AUTOCLEAR, name, b"", b"", 0, 0)))


def refresh(device: int) -> None:
    """Lets a loop device have the size that its file has by now (Linux 2.6.30)."""
    fcntl.ioctl(device, _SET_CAPACITY, 0)


def _open_free() -> int:
    try:
        control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return _search()
    try:
        number = fcntl.ioctl(control, _GET_FREE)
    finally:
        os.close(control)
    path = f"/dev/loop{number}"
    if not os.path.exists(path):  # no devtmpfs, or one of another machine
        os.mknod(path, stat.S_IFBLK | 0o600, os.makedev(_MAJOR, number))
    return os.open(path, os.O_RDWR | os.O_CLOEXEC)


def _search() -> int:
    """Before loop-control: the first of those that are there with nothing behind it."""
    for number in range(256):
        try:
            device = os.open(f"/dev/loop{number}", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.ioctl(device, _GET_STATUS, bytearray(_INFO.size))
        except OSError as error:
            if error.errno == errno.ENXIO:
                return device
        os.close(device)
    raise OSError(errno.EBUSY, "every loop device is in use")
