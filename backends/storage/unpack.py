"""Laying a layer's archive over a folder, whoever made the archive: nothing outside the folder is touched."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from stat import S_IFBLK, S_IFCHR, S_IFIFO, S_ISDIR, S_ISLNK
from typing import BinaryIO

from backends.errors import HostileLayer, StorageError
from backends.storage import entry as kinds
from backends.storage.archive import Archive
from backends.storage.data import copy_file
from backends.storage.entry import Entry
from backends.storage.folders import BELOW, NEVER, Folder, Folders
from backends.storage.limits import Limits
from backends.storage.marks import META, OPAQUE, PREFIX, is_whiteout
from backends.storage.metadata import clear_attributes, copy_metadata, inside, set_attributes
from backends.storage.owners import give, give_unopened
from backends.storage.removal import remove_entry
from backends.storage.view import View
from backends.storage.whiteouts import Whiteouts

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PATH_MAX = 4096
_DEVICES = {kinds.CHARACTER: S_IFCHR, kinds.BLOCK: S_IFBLK, kinds.FIFO: S_IFIFO}


def unpack(archive: BinaryIO, tree: str, whiteouts: Whiteouts, view: View, limits: Limits) -> int:
    """Unpacks into `tree`, over what is there already and over what `view` shows below; the bytes of its files.

    HostileLayer, StorageError, OSError: the tree is then in an undefined state, for the caller to throw away.
    """
    unpacking = _Unpacking(Archive(archive, limits), tree, whiteouts, view)
    try:
        return unpacking.run()
    finally:
        unpacking.folders.close()


class _Unpacking:
    def __init__(self, archive: Archive, tree: str, whiteouts: Whiteouts, view: View) -> None:
        self.archive = archive
        self.whiteouts = whiteouts
        self.view = view
        self.folders = Folders(tree, view, whiteouts)
        self.times = self.folders.times  # set at the end, when nothing changes them any more
        self.size = 0

    def run(self) -> int:
        read, lay = self.archive.read, self.lay
        while True:
            entry = read()
            if entry is None:
                break
            try:
                lay(entry)
            except OSError as error:
                raise _told(entry, error) from error
        for path, mtime in list(self.times.items()):
            self._set_time(path, mtime)
        return self.size

    def lay(self, entry: Entry) -> None:
        """One entry."""
        parent, name = _split(entry, entry.name)
        if name.startswith(PREFIX) or PREFIX in parent:
            if not self._whiteout(entry, parent, name):
                return
        elif not name:
            self._root(entry)
            return
        folder = self.folders.find(parent)
        kind = entry.kind
        if kind == kinds.FILE:
            self._file(entry, folder, name)
        elif kind == kinds.FOLDER:
            self._folder(entry, folder, name, parent)
        elif kind == kinds.SYMLINK:
            folder = self._new(folder, name, lambda at: os.symlink(entry.link, name, dir_fd=at))
            self._settle(entry, folder, name)
        elif kind == kinds.HARD_LINK:
            self._hard_link(entry, parent, name)
            return
        else:
            self._device(entry, folder, name)
        self.whiteouts.made(folder.below(name))

    def _file(self, entry: Entry, folder: Folder, name: bytes) -> None:
        try:
            descriptor = os.open(name, _NEW, 0o600, dir_fd=folder.descriptor)
        except FileExistsError:
            folder = self._clear(folder, name)
            descriptor = os.open(name, _NEW, 0o600, dir_fd=folder.descriptor)
        try:
            if entry.length:
                self.archive.copy(entry, descriptor)
                self.size += entry.length
            # chown before chmod and attributes: it takes set-uid bits and file capabilities away (chown(2)).
            give(descriptor, entry)
            if entry.xattrs:
                set_attributes(descriptor, entry.xattrs, entry.name)
            os.utime(descriptor, ns=(entry.mtime, entry.mtime))
        finally:
            os.close(descriptor)

    def _folder(self, entry: Entry, folder: Folder, name: bytes, parent: bytes) -> None:
        at = folder.descriptor
        path = folder.below(name)
        try:
            os.mkdir(name, 0o700, dir_fd=at)
            old = False
        except FileExistsError:
            status = os.stat(name, dir_fd=at, follow_symlinks=False)
            old = S_ISDIR(status.st_mode)
            if not old:
                folder = self._clear(folder, name)
                at = folder.descriptor
                os.mkdir(name, 0o700, dir_fd=at)
                if is_whiteout(status):
                    self.whiteouts.replaced(folder, name)
        if not old and self.whiteouts.gone(folder, name):
            self.whiteouts.replaced(folder, name)
        descriptor = os.open(name, _FOLDER, dir_fd=at)
        try:
            if old:
                clear_attributes(descriptor)
            self._dress(entry, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self.times[path] = entry.mtime
        self.folders.keep(parent + b"/" + name if parent else name, Folder(descriptor, path))

    def _dress(self, entry: Entry, descriptor: int) -> None:
        give(descriptor, entry, folder=True)
        if entry.xattrs:
            set_attributes(descriptor, entry.xattrs, entry.name)

    def _root(self, entry: Entry) -> None:
        if entry.kind != kinds.FOLDER:
            raise _hostile(entry, "it would replace the root itself")
        descriptor = os.open(b".", _FOLDER, dir_fd=self.folders.root.descriptor)
        try:
            clear_attributes(descriptor)
            self._dress(entry, descriptor)
        finally:
            os.close(descriptor)
        self.times[b""] = entry.mtime

    def _device(self, entry: Entry, folder: Folder, name: bytes) -> None:
        number = 0 if entry.kind == kinds.FIFO else os.makedev(entry.major, entry.minor)
        if entry.kind == kinds.CHARACTER and not number:
            # What tar makes of overlay's own whiteouts. The kernel has no such device.
            self._remove(folder, name)
            return
        mode = _DEVICES[entry.kind] | 0o600
        folder = self._new(folder, name, lambda at: os.mknod(name, mode, number, dir_fd=at))
        self._settle(entry, folder, name)

    def _hard_link(self, entry: Entry, parent: bytes, name: bytes) -> None:
        head, last = _split(entry, entry.link)
        if not last:
            raise _hostile(entry, "it is a hard link to a folder")
        try:
            source = self.folders.find(head, BELOW)
        except FileNotFoundError:
            raise _hostile(entry, f"it is a hard link to {os.fsdecode(entry.link)!r}, which does not exist") from None
        held = os.dup(source.descriptor)
        try:
            folder = self.folders.find(parent)
            target = source.below(last)
            if target == folder.below(name):
                return  # some archives link a file to itself
            self._present(entry, target, Folder(held, source.path), last)
            status = os.stat(last, dir_fd=held, follow_symlinks=False)
            if S_ISDIR(status.st_mode) or is_whiteout(status):
                raise _hostile(entry, "it is a hard link to no file")
            self._new(
                folder,
                name,
                lambda at: os.link(last, name, src_dir_fd=held, dst_dir_fd=at, follow_symlinks=False),
            )
            self.whiteouts.made(folder.below(name))
        finally:
            os.close(held)

    def _present(self, entry: Entry, path: bytes, folder: Folder, name: bytes) -> None:
        """Has a hard link's target in this layer: a link cannot lead from one layer to another."""
        try:
            os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
            return
        except FileNotFoundError:
            found = self.view.find(path) if not self.whiteouts.gone(folder, name) else None
        if found is None or S_ISDIR(found.status.st_mode):
            raise _hostile(entry, f"it is a hard link to {os.fsdecode(entry.link)!r}, which does not exist")
        copy_up(found.path, found.status, folder.descriptor, name)

    def _whiteout(self, entry: Entry, parent: bytes, name: bytes) -> bool:
        """Does what a whiteout says; whether the entry is to be laid down all the same."""
        parts = parent.split(b"/")
        if any(part.startswith(META) for part in (*parts, name)) and name != OPAQUE:
            return False
        if any(part.startswith(PREFIX) for part in parts):
            raise _hostile(entry, "it lies below a whiteout")
        if not name.startswith(PREFIX):
            return True
        folder = self.folders.find(parent)
        if name == OPAQUE:
            if self.whiteouts.hide_all(folder):
                self.folders.forget()
            return False
        gone = name[len(PREFIX) :]
        if gone in (b"", b".", b".."):
            raise _hostile(entry, "a whiteout that names nothing")
        self._remove(folder, gone)
        return False

    def _remove(self, folder: Folder, name: bytes) -> None:
        if self.whiteouts.remove(folder, name):
            self.folders.forget()

    def _new(self, folder: Folder, name: bytes, make: Callable[[int], None]) -> Folder:
        try:
            make(folder.descriptor)
        except FileExistsError:
            folder = self._clear(folder, name)
            make(folder.descriptor)
        return folder

    def _clear(self, folder: Folder, name: bytes) -> Folder:
        """Takes away what stands in an entry's place, with all below it."""
        status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        if not S_ISDIR(status.st_mode) and not S_ISLNK(status.st_mode):
            os.unlink(name, dir_fd=folder.descriptor)
            return folder
        held = Folder(os.dup(folder.descriptor), folder.path)
        self.folders.forget()
        try:
            remove_entry(held.descriptor, name)
        finally:
            os.close(held.descriptor)
        return self.folders.find(folder.path)

    def _settle(self, entry: Entry, folder: Folder, name: bytes) -> None:
        """What `_file` does through its descriptor, for things that must not be opened."""
        at = folder.descriptor
        give_unopened(name, entry, at)
        if entry.kind != kinds.SYMLINK:
            os.chmod(name, entry.mode, dir_fd=at)
        if entry.xattrs:
            set_attributes(inside(at, name), entry.xattrs, entry.name)
        os.utime(name, ns=(entry.mtime, entry.mtime), dir_fd=at, follow_symlinks=False)

    def _set_time(self, path: bytes, mtime: int) -> None:
        head, _, name = path.rpartition(b"/")
        try:
            folder = self.folders.find(head, NEVER)
            status = os.stat(name or b".", dir_fd=folder.descriptor, follow_symlinks=False)
            if folder.path == head and S_ISDIR(status.st_mode):
                os.utime(name or b".", ns=(mtime, mtime), dir_fd=folder.descriptor, follow_symlinks=False)
        except (FileNotFoundError, HostileLayer):
            return  # a later entry took its place


def copy_up(path: bytes, status: os.stat_result, folder: int, name: bytes) -> None:
    """Copies one thing that is no folder, with its metadata."""
    kind = status.st_mode & 0o170000
    target = inside(folder, name)
    if kind == 0o100000:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            descriptor = os.open(name, _NEW, 0o600, dir_fd=folder)
            try:
                copy_file(source, descriptor, status.st_size)
            finally:
                os.close(descriptor)
        finally:
            os.close(source)
    elif kind == 0o120000:
        os.symlink(os.readlink(path), name, dir_fd=folder)
    else:
        os.mknod(name, kind | 0o600, status.st_rdev, dir_fd=folder)
    copy_metadata(path, target)


def _split(entry: Entry, path: bytes) -> tuple[bytes, bytes]:
    """A name as (folder, last component): both empty for the root."""
    if path.startswith(b"./"):  # what nearly all have
        path = path[2:]
    if len(path) >= _PATH_MAX:
        raise _hostile(entry, f"a path of {len(path)} bytes")
    head, _, name = path.rpartition(b"/")
    if not name or name in (b".", b"..") or head.startswith((b"/", b".")) or b"//" in head or b"/." in head:
        parts = [part for part in path.split(b"/") if part not in (b"", b".")]
        if b".." in parts:
            raise _hostile(entry, "a path that climbs with `..`")
        if not parts:
            return b"", b""
        name = parts.pop()
        head = b"/".join(parts)
    elif not path.startswith(b"/"):
        return head, name
    return head, name


def _hostile(entry: Entry, reason: str) -> HostileLayer:
    name = entry.name.decode("utf-8", "backslashreplace")[:200]
    return HostileLayer(
        f"the layer's archive is refused at entry {name!r}: {reason}", "get the image again from its maker"
    )


def _told(entry: Entry, error: OSError) -> Exception:
    if error.errno == errno.ENAMETOOLONG:
        return _hostile(entry, "a name of more than 255 bytes")
    if error.errno in (errno.ENOENT, errno.EINVAL) and entry.kind == kinds.SYMLINK and not entry.link:
        return _hostile(entry, "a link without a target")
    if error.errno == errno.EPERM and entry.kind in (kinds.CHARACTER, kinds.BLOCK):
        return StorageError(
            f"cannot make the device {os.fsdecode(entry.name)!r}: not permitted here",
            "run it as root, outside of any user namespace",
        )
    from backends.storage.store import storage_error

    return storage_error(f"cannot unpack {os.fsdecode(entry.name)[:200]!r}", error)
