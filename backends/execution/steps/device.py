"""Device nodes, and the links that programs expect in /dev."""

from __future__ import annotations

import errno
import os
import stat

from arch import inside, kernel
from backends.execution.steps.mount import by_descriptor
from backends.execution.steps.step import Context, Step

KINDS = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}


class Device:
    """One of linux.devices. `kind` is one of KINDS; `mode` holds the permissions only."""

    __slots__ = ("gid", "kind", "major", "minor", "mode", "path", "uid")

    def __init__(self, path: str, kind: str, major: int, minor: int, mode: int = 0o666, uid: int = 0, gid: int = 0):
        self.path = path
        self.kind = kind
        self.major = major
        self.minor = minor
        self.mode = mode
        self.uid = uid
        self.gid = gid


# runtime-spec, "Default Devices"; numbers from the kernel's Documentation/admin-guide/devices.txt
DEFAULT = (
    Device("/dev/null", "c", 1, 3),
    Device("/dev/zero", "c", 1, 5),
    Device("/dev/full", "c", 1, 7),
    Device("/dev/random", "c", 1, 8),
    Device("/dev/urandom", "c", 1, 9),
    Device("/dev/tty", "c", 5, 0),
)

# runtime-spec, "Dev symbolic links"; /dev/core as other runtimes have it
LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
)


class MakeDevices(Step):
    """By mknod; or, in a user namespace, where mknod is not to be had, by bind mounts of the host's nodes."""

    __slots__ = ("bind", "devices")

    def __init__(self, devices: list[Device], bind: bool) -> None:
        self.devices = devices
        self.bind = bind

    def describe(self) -> str:
        manner = "bind" if self.bind else "make"
        return f"{manner} the devices {' '.join(device.path for device in self.devices)}"

    def execute(self, context: Context) -> None:
        mask = os.umask(0)
        try:
            for device in self.devices:
                self._make(context, device)
        finally:
            os.umask(mask)

    def _make(self, context: Context, device: Device) -> None:
        if self.bind:
            _bind(context, device)
            return
        try:
            _make_node(context, device)
        except PermissionError:  # inside another container
            _bind(context, device)


def _make_node(context: Context, device: Device) -> None:
    folder, name = inside.parent_inside(context.root, device.path, make=True)
    kind = KINDS[device.kind]
    number = os.makedev(device.major, device.minor)
    try:
        try:
            os.mknod(name, kind | device.mode, number, dir_fd=folder)
        except FileExistsError:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_IFMT(found.st_mode) != kind or (kind != stat.S_IFIFO and found.st_rdev != number):
                raise OSError(errno.EEXIST, "something else has the name of this device", device.path) from None
        if device.uid or device.gid:
            os.chown(name, device.uid, device.gid, dir_fd=folder, follow_symlinks=False)
    finally:
        os.close(folder)


def _bind(context: Context, device: Device) -> None:
    found = os.stat(device.path)
    number = os.makedev(device.major, device.minor)
    if stat.S_IFMT(found.st_mode) != KINDS[device.kind] or found.st_rdev != number:
        raise OSError(errno.ENODEV, "the host has no such device at this path, and mknod is not allowed", device.path)
    target = inside.make_file(context.root, device.path)
    try:
        kernel.mount(device.path, by_descriptor(target), None, kernel.MS_BIND)
    finally:
        os.close(target)


class LinkDevices(Step):
    __slots__ = ()

    def describe(self) -> str:
        return "make the links " + " ".join("/dev/" + name for name, _ in LINKS)

    def execute(self, context: Context) -> None:
        folder = inside.make_directories(context.root, "/dev")
        try:
            for name, target in LINKS:
                _link(name, target, folder)
        finally:
            os.close(folder)


def _link(name: str, target: str, folder: int) -> None:
    try:
        os.symlink(target, name, dir_fd=folder)
    except FileExistsError:
        # An image's own /dev/ptmx would be the host's multiplexer: its terminals are not in the container's devpts.
        if name == "ptmx" and not stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
            os.symlink(target, name, dir_fd=folder)
