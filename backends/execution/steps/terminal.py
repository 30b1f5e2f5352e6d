"""The container's terminal, of the container's own devpts: its slave for the process, its master for the parent."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import termios

from arch import inside, kernel
from backends.execution.channel import CONSOLE
from backends.execution.steps.mount import by_descriptor
from backends.execution.steps.step import Context, Step

_DEVPTS_MAGIC = 0x1CD1
_MULTIPLEXER = "/dev/pts/ptmx"
_CONSOLE = "/dev/console"
_FIRST_SLAVE_MAJOR, _LAST_SLAVE_MAJOR = 136, 143

# asm-generic/ioctls.h: TIOCGPTN, TIOCSPTLCK, TIOCSWINSZ. Machines with their own direction bits (powerpc)
# have others for three of them; termios knows the rest by this machine's names.
_IOC_READ, _IOC_WRITE = (0x40000000, 0x80000000) if os.uname().machine.startswith("ppc") else (0x80000000, 0x40000000)
_TIOCGPTN = _IOC_READ | 4 << 16 | ord("T") << 8 | 0x30
_TIOCSPTLCK = _IOC_WRITE | 4 << 16 | ord("T") << 8 | 0x31
_TIOCSWINSZ = _IOC_WRITE | 8 << 16 | ord("t") << 8 | 103 if os.uname().machine.startswith("ppc") else 0x5414


class OpenTerminal(Step):
    """`console`: also bound onto /dev/console, as the container's first process has it."""

    __slots__ = ("columns", "console", "rows", "uid")

    def __init__(self, uid: int, rows: int = 0, columns: int = 0, console: bool = True) -> None:
        self.uid = uid
        self.rows = rows
        self.columns = columns
        self.console = console

    def describe(self) -> str:
        return "open a terminal" + (" and make it /dev/console" if self.console else "")

    def execute(self, context: Context) -> None:
        root = context.root if context.root >= 0 else os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        master = _open(root, _MULTIPLEXER, os.O_RDWR | os.O_NOCTTY)
        number = struct.unpack("i", fcntl.ioctl(master, _TIOCGPTN, b"\0\0\0\0"))[0]
        fcntl.ioctl(master, _TIOCSPTLCK, b"\0\0\0\0")
        path = f"/dev/pts/{number}"
        slave = _open(root, path, os.O_RDWR | os.O_NOCTTY)
        if not _FIRST_SLAVE_MAJOR <= os.major(os.fstat(slave).st_rdev) <= _LAST_SLAVE_MAJOR:
            raise OSError(errno.ENOTTY, "this is not a terminal", path)
        if self.rows or self.columns:
            fcntl.ioctl(master, _TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))
        if context.stdio.plain:
            leave_line_ends(slave)
        if self.uid:
            os.fchown(slave, self.uid, -1)
        if self.console:
            _bind(root, slave)
        context.channel.send(CONSOLE, descriptor=master)
        os.close(master)
        context.terminal = slave
        if root != context.root:
            os.close(root)


def leave_line_ends(terminal: int) -> None:
    attributes = termios.tcgetattr(terminal)
    attributes[1] &= ~termios.ONLCR
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _open(root: int, path: str, flags: int) -> int:
    """Never a device that somebody in the container put there: only what lies in a devpts."""
    place = inside.open_inside(root, path, os.O_PATH)
    try:
        if not stat.S_ISCHR(os.fstat(place).st_mode) or _magic(place) != _DEVPTS_MAGIC:
            raise OSError(errno.ENODEV, "this is not in a devpts file system", path)
    finally:
        os.close(place)
    descriptor = inside.open_inside(root, path, flags)
    if kernel.fstatfs_type(descriptor) != _DEVPTS_MAGIC:
        os.close(descriptor)
        raise OSError(errno.ENODEV, "this is not in a devpts file system", path)
    return descriptor


def _magic(place: int) -> int:
    try:
        return kernel.fstatfs_type(place)
    except OSError as error:  # EBADF: O_PATH before Linux 3.12
        if error.errno != errno.EBADF:
            raise
    return kernel.statfs_type(by_descriptor(place))


def _bind(root: int, slave: int) -> None:
    """The terminal that was opened, not what its path leads to by now (CVE-2025-52565)."""
    target = inside.make_file(root, _CONSOLE)
    try:
        kernel.mount(by_descriptor(slave), by_descriptor(target), None, kernel.MS_BIND)
    finally:
        os.close(target)
