"""Requests of ioctl(2) for this process's machine, where their direction bits and sizes differ."""

from __future__ import annotations

from arch.native import abi

_bits = abi().ioctl
_LONG = abi().bits // 8


def io(kind: int, number: int) -> int:
    """_IO: no argument, or one whose size nobody wrote down."""
    return _bits.number(_bits.none, kind, number, 0)


def ior(kind: int, number: int, size: int) -> int:
    """_IOR: the kernel writes `size` bytes."""
    return _bits.number(_bits.read, kind, number, size)


def iow(kind: int, number: int, size: int) -> int:
    """_IOW: the kernel reads `size` bytes."""
    return _bits.number(_bits.write, kind, number, size)


def iowr(kind: int, number: int, size: int) -> int:
    """_IOWR: both."""
    return _bits.number(_bits.read | _bits.write, kind, number, size)


FICLONE = iow(0x94, 9, 4)
FS_IOC_GETFLAGS = ior(ord("f"), 1, _LONG)  # reads an int all the same
FS_IOC_SETFLAGS = iow(ord("f"), 2, _LONG)
FS_IOC_FSGETXATTR = ior(ord("X"), 31, 28)
FS_IOC_FSSETXATTR = iow(ord("X"), 32, 28)
BLKDISCARD = io(0x12, 119)  # 2.6.28
BLKGETSIZE64 = ior(0x12, 114, _LONG)
TIOCGPTN = ior(ord("T"), 0x30, 4)
TIOCSPTLCK = iow(ord("T"), 0x31, 4)
TIOCGPTPEER = io(ord("T"), 0x41)  # 4.13
NS_GET_USERNS = io(0xB7, 1)  # 4.9
NS_GET_PARENT = io(0xB7, 2)  # 4.9
NS_GET_NSTYPE = io(0xB7, 3)  # 4.11
