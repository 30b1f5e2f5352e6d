"""device-mapper by ioctl(2) on its control device (linux/dm-ioctl.h, version 4), without libdevmapper. OSError.

Names are ours; nothing waits for udev: its rules are told to leave our devices alone, and who opens one looks for its
node by number.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct

from arch.ioctls import iowr

CONTROL = "/dev/mapper/control"
# struct dm_ioctl: version, data_size, data_start, target_count, open_count, flags, event_nr, padding, dev, name, uuid
_HEADER = struct.Struct("=3I3IiIIIQ128s129s7x")
_SPEC = struct.Struct("=QQiI16s")  # struct dm_target_spec: sector_start, length, status, next, target_type
_LARGEST = 1 << 20
_CREATE, _REMOVE, _SUSPEND, _STATUS, _LOAD, _TABLE, _MESSAGE, _LIST = 3, 4, 6, 7, 9, 12, 14, 2

_F_SUSPEND = 1 << 1
_F_TABLE = 1 << 4
_F_ACTIVE = 1 << 5
_F_FULL = 1 << 8
_F_DEFERRED = 1 << 17  # Linux 3.13; before, it is not understood, and a device in use says EBUSY
# In the upper half of event_nr, for udev's rules: DISABLE_DM, _SUBSYSTEM, _DISK and _OTHER_RULES.
_LEAVE_ALONE = 0x000F << 16


class Device:
    """`number` as in stat's st_rdev; `opened` how often it is open; `active` whether it has a table in force."""

    __slots__ = ("active", "number", "opened", "suspended")

    def __init__(self, number: int, opened: int, flags: int) -> None:
        self.number = number
        self.opened = opened
        self.active = bool(flags & _F_ACTIVE)
        self.suspended = bool(flags & _F_SUSPEND)


def create(name: str) -> None:
    """A device without a table. EBUSY if there is one of that name."""
    _ask(_CREATE, name, uuid=f"runtime-{name}")


def load(name: str, sectors: int, target: str, parameters: str) -> None:
    """Loads a table of one target, to be in force from the next `resume` on."""
    text = parameters.encode("ascii") + b"\0"
    text += bytes(-len(text) % 8)
    spec = _SPEC.pack(0, sectors, 0, _SPEC.size + len(text), target.encode("ascii"))
    _ask(_LOAD, name, payload=spec + text, targets=1)


def resume(name: str) -> None:
    """Puts the loaded table in force, if there is one, and lets I/O through: one step for the kernel."""
    _ask(_SUSPEND, name, event=_LEAVE_ALONE)


def remove(name: str, deferred: bool = False) -> None:
    """`deferred`: when nobody has it open any more. EBUSY, ENXIO."""
    _ask(_REMOVE, name, _F_DEFERRED if deferred else 0, event=_LEAVE_ALONE)


def find(name: str) -> Device | None:
    try:
        answer = _ask(_STATUS, name)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise
    fields = _HEADER.unpack_from(answer)
    return Device(_decode(fields[10]), fields[6], fields[7])


def status(name: str) -> str:
    """What the one target says of itself."""
    return _parameters(_ask(_TABLE, name))


def table(name: str) -> str:
    """The parameters of the one target, devices as MAJOR:MINOR."""
    return _parameters(_ask(_TABLE, name, _F_TABLE))


def message(name: str, text: str) -> None:
    _ask(_MESSAGE, name, payload=struct.pack("=Q", 0) + text.encode("ascii") + b"\0")


def names() -> list[str]:
    """Of all device-mapper devices here."""
    answer = _ask(_LIST)
    found = []
    at = struct.unpack_from("=I", answer, 16)[0]
    while at + 12 <= len(answer):
        number, step = struct.unpack_from("=QI", answer, at)
        if not number:
            break
        found.append(os.fsdecode(bytes(answer[at + 12 :]).split(b"\0", 1)[0]))
        if not step:
            break
        at += step
    return found


def _parameters(answer: bytearray) -> str:
    start = struct.unpack_from("=I", answer, 16)[0] + _SPEC.size
    return bytes(answer[start:]).split(b"\0", 1)[0].decode("ascii", "replace")


def _decode(number: int) -> int:
    """The kernel's new_encode_dev as a number for os.major and os.minor."""
    return os.makedev((number & 0xFFF00) >> 8, (number & 0xFF) | ((number >> 12) & 0xFFF00))


def _ask(
    command: int, name: str = "", flags: int = 0, payload: bytes = b"", event: int = 0, targets: int = 0, uuid: str = ""
) -> bytearray:
    size = 4096
    control = _open()
    try:
        while True:
            buffer = bytearray(max(size, _HEADER.size + len(payload)))
            head = (4, 0, 0, len(buffer), _HEADER.size, targets, 0, flags, event, 0, 0)
            _HEADER.pack_into(buffer, 0, *head, name.encode("ascii"), uuid.encode("ascii"))
            buffer[_HEADER.size : _HEADER.size + len(payload)] = payload
            try:
                fcntl.ioctl(control, iowr(0xFD, command, _HEADER.size), buffer)
            except OSError as error:
                raise OSError(error.errno, f"device-mapper: {error.strerror}", name) from None
            if not _HEADER.unpack_from(buffer)[7] & _F_FULL or size > _LARGEST:
                return buffer
            size *= 4
    finally:
        os.close(control)


def _open() -> int:
    try:
        return os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        _make_control()  # neither udev nor devtmpfs
        return os.open(CONTROL, os.O_RDWR | os.O_CLOEXEC)


def _make_control() -> None:
    with open("/proc/misc", encoding="ascii") as file:
        numbers = {name: int(number) for number, name in (line.split() for line in file)}
    if "device-mapper" not in numbers:
        raise OSError(errno.ENODEV, "this kernel has no device-mapper", CONTROL)
    os.makedirs(os.path.dirname(CONTROL), exist_ok=True)
    try:
        os.mknod(CONTROL, stat.S_IFCHR | 0o600, os.makedev(10, numbers["device-mapper"]))
    except FileExistsError:
        return
