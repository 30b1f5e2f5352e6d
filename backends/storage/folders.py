"""The folders of a tree that an archive is unpacked into: opened once, reached through links of the tree itself, made
where the archive forgot them, never left."""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR, S_ISLNK

from backends.errors import HostileLayer
from backends.storage.marks import is_whiteout
from backends.storage.metadata import copy_metadata, inside
from backends.storage.view import View
from backends.storage.whiteouts import Whiteouts

_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_OPEN = 128

# Which missing folders `Folders.find` makes: none, those that a layer below has, all.
NEVER, BELOW, ALWAYS = range(3)
_MOST_LINKS = 40


class Folder:
    """`path` leads from the root of the tree through no link; empty for the root itself."""

    __slots__ = ("descriptor", "path")

    def __init__(self, descriptor: int, path: bytes) -> None:
        self.descriptor = descriptor
        self.path = path

    def below(self, name: bytes) -> bytes:
        return self.path + b"/" + name if self.path else name


class Folders:
    def __init__(self, root: str, view: View, whiteouts: Whiteouts) -> None:
        self._view = view
        self._whiteouts = whiteouts
        self._open: dict[bytes, Folder] = {}
        self.root = Folder(os.open(root, _FLAGS), b"")
        # When each folder was last changed, by its path: the archive's word, or what it was before we came.
        self.times: dict[bytes, int] = {b"": os.fstat(self.root.descriptor).st_mtime_ns}

    def close(self) -> None:
        self.forget()
        os.close(self.root.descriptor)

    def forget(self) -> None:
        """After something was removed: what is open may be no longer there."""
        for folder in self._open.values():
            os.close(folder.descriptor)
        self._open.clear()

    def find(self, path: bytes, make: int = ALWAYS) -> Folder:
        """The folder of that name, links of the tree and of the layers below followed inside it.

        Valid until the next call. FileNotFoundError for what is missing and not to be made. HostileLayer.
        """
        known = self._open.get(path)
        if known is not None:
            return known
        if not path:
            return self.root
        head = path
        rest = []
        folder: Folder | None = None
        while folder is None:
            head, _, name = head.rpartition(b"/")
            rest.append(name)
            folder = self._open.get(head) if head else self.root
        while rest:
            name = rest.pop()
            folder = self._step(folder, name, make)
            head = head + b"/" + name if head else name
            self.keep(head, folder)
        return folder

    def keep(self, name: bytes, folder: Folder) -> None:
        """Hands an open folder over, under the name that the archive has for it."""
        old = self._open.pop(name, None)
        if old is not None:
            os.close(old.descriptor)
        if len(self._open) >= _MOST_OPEN:
            os.close(self._open.pop(next(iter(self._open))).descriptor)
        self._open[name] = folder

    def _step(self, folder: Folder, name: bytes, make: int) -> Folder:
        descriptor, target = self._enter(folder, name, make)
        if target is None:
            path = folder.below(name)
            if path not in self.times:
                self.times[path] = os.fstat(descriptor).st_mtime_ns
            return Folder(descriptor, path)
        return self._through(folder, name, target, make)

    def _through(self, folder: Folder, name: bytes, target: bytes, make: int) -> Folder:
        """The folder to which a link leads, from the root again, since `..` of an open one may be anywhere."""
        parts = folder.path.split(b"/") if folder.path else []
        rest = [*reversed(target.split(b"/"))]
        if target.startswith(b"/"):
            parts = []
        links = 1
        here = self._at(parts)
        try:
            while rest:
                part = rest.pop()
                if part in (b"", b"."):
                    continue
                if part == b"..":
                    parts = parts[:-1]
                    os.close(here.descriptor)
                    here = self._at(parts)
                    continue
                descriptor, more = self._enter(here, part, make)
                if more is None:
                    parts = [*parts, part]
                    os.close(here.descriptor)
                    here = Folder(descriptor, b"/".join(parts))
                    continue
                links += 1
                if links > _MOST_LINKS:
                    raise self._hostile(folder.below(name), "a link there leads to itself")
                rest += reversed(more.split(b"/"))
                if more.startswith(b"/"):
                    parts = []
                    os.close(here.descriptor)
                    here = self._at(parts)
        except BaseException:
            os.close(here.descriptor)
            raise
        return here

    def _at(self, parts: list[bytes]) -> Folder:
        """A folder that was reached before, opened again."""
        at = os.open(b".", _FLAGS, dir_fd=self.root.descriptor)
        for part in parts:
            try:
                inner = os.open(part, _FLAGS, dir_fd=at)
            finally:
                os.close(at)
            at = inner
        return Folder(at, b"/".join(parts))

    def _enter(self, folder: Folder, name: bytes, make: int) -> tuple[int, bytes | None]:
        """One component: the open folder, or the target of a link to follow instead."""
        try:
            return os.open(name, _FLAGS, dir_fd=folder.descriptor), None
        except FileNotFoundError:
            return self._make(folder, name, make)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise self._hostile(folder.below(name), "a name of more than 255 bytes") from None
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
        status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        if S_ISLNK(status.st_mode):
            return -1, os.readlink(name, dir_fd=folder.descriptor)
        if is_whiteout(status):
            os.unlink(name, dir_fd=folder.descriptor)
            os.mkdir(name, 0o755, dir_fd=folder.descriptor)
            self._whiteouts.replaced(folder, name)
            return os.open(name, _FLAGS, dir_fd=folder.descriptor), None
        raise self._hostile(folder.below(name), "an entry lies below a file")

    def _make(self, folder: Folder, name: bytes, make: int) -> tuple[int, bytes | None]:
        """A folder that the archive has no entry for: as it is below, or an ordinary one."""
        path = folder.below(name)
        gone = self._whiteouts.gone(folder, name)
        found = self._view.find(path) if not gone else None
        if found is not None and S_ISLNK(found.status.st_mode):
            return -1, os.readlink(found.path)
        if make == NEVER or (make == BELOW and found is None):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if found is not None and not S_ISDIR(found.status.st_mode):
            raise self._hostile(path, "an entry lies below a file")
        os.mkdir(name, 0o755, dir_fd=folder.descriptor)
        if found is not None:
            copy_metadata(found.path, inside(folder.descriptor, name))
        else:
            os.chmod(name, 0o755, dir_fd=folder.descriptor)
        if gone:
            self._whiteouts.replaced(folder, name)
        return os.open(name, _FLAGS, dir_fd=folder.descriptor), None

    def _hostile(self, path: bytes, reason: str) -> HostileLayer:
        return HostileLayer(
            f"the layer's archive is refused at {os.fsdecode(path)[:200]!r}: {reason}",
            "get the image again from its maker",
        )
