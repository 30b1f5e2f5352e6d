"""Owner, mode, attributes and times of a file, in the order in which one does not undo another."""

from __future__ import annotations

import errno
import os
from stat import S_ISLNK

from backends.errors import HostileLayer, StorageError
from backends.storage.owners import OWNER

# The unions' own bookkeeping: in somebody's archive it would rewire the layers. SELinux's labels are the host's policy.
_RESERVED = (b"trusted.overlay.", b"user.overlay.", b"user.fuseoverlayfs.")
_HOSTS = frozenset((b"security.selinux", b"security.ima", b"security.evm"))

_ABSENT = frozenset((errno.ENOTSUP, errno.ENODATA))


def set_attributes(path: bytes | int, attributes: dict[bytes, bytes], what: bytes) -> None:
    """Sets the extended attributes of an archive's entry `what`. HostileLayer for reserved ones."""
    for name, value in attributes.items():
        if name.startswith(_RESERVED):
            raise HostileLayer(
                f"the layer's archive is refused at entry {os.fsdecode(what)!r}: it sets {os.fsdecode(name)}, which"
                " belongs to the overlay file system",
                "get the image again from its maker",
            )
        if name in _HOSTS or name == OWNER:
            continue
        try:
            os.setxattr(path, name, value, follow_symlinks=isinstance(path, int))
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                raise StorageError(
                    f"the store's file system cannot keep the attribute {os.fsdecode(name)} of {os.fsdecode(what)!r}",
                    "put the store on a file system with extended attributes, such as ext4, xfs or btrfs",
                ) from error
            raise


def attributes(path: bytes | str | int, follow: bool = False) -> dict[bytes, bytes]:
    """The extended attributes of a file, without those that are not a layer's. `follow`: the links of /proc/self/fd."""
    follow = follow or isinstance(path, int)
    try:
        names = os.listxattr(path, follow_symlinks=follow)
    except OSError as error:
        if error.errno in _ABSENT:
            return {}
        raise
    found = {}
    for name in map(os.fsencode, names):
        if name not in _HOSTS and not name.startswith(_RESERVED):
            try:
                found[name] = os.getxattr(path, name, follow_symlinks=follow)
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
    return found


def clear_attributes(path: bytes | int) -> None:
    """Removes those of a folder that came from below, where an entry replaces it."""
    for name in attributes(path):
        os.removexattr(path, name, follow_symlinks=isinstance(path, int))


def copy_metadata(source: bytes | str, target: bytes | str, times: bool = True) -> None:
    """From one path to another, neither followed if it is a link. chown first: it clears set-uid bits and file
    capabilities (chown(2)); times last: everything else changes them."""
    status = os.lstat(source)
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not S_ISLNK(status.st_mode):
        os.chmod(target, status.st_mode & 0o7777)
    for name, value in attributes(source).items():
        os.setxattr(target, name, value, follow_symlinks=False)
    if times:
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


def inside(folder: int, name: bytes) -> bytes:
    """A path for calls that take no folder descriptor, such as those of attributes. Only the last component can be a
    link of somebody else's."""
    return b"/proc/self/fd/%d/%b" % (folder, name)
