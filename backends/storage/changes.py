"""What a writable layer changed against what lies below it."""

from __future__ import annotations

import os
from stat import S_ISBLK, S_ISCHR, S_ISDIR, S_ISLNK, S_ISREG

from arch.inside import open_inside
from backends.storage.marks import META, OPAQUE, TRUSTED, Marks
from backends.storage.metadata import attributes
from backends.storage.view import View

ADDED = "A"
CHANGED = "C"
DELETED = "D"

_CHUNK = 1 << 20


class Change:
    """`path` is relative to the root, empty for the root itself."""

    __slots__ = ("kind", "path")

    def __init__(self, kind: str, path: bytes) -> None:
        self.kind = kind
        self.path = path

    def __repr__(self) -> str:
        return f"Change({self.kind!r}, {self.path!r})"


class Untouched:
    """What is known to be as it was copied: nothing, for overlay. A change time after `born` says that somebody came,
    and folders that are not where they were (`folders`: path to inode) may hold other files under the old names."""

    __slots__ = ("born", "folders")

    def __init__(self, born: int = 0, folders: dict[bytes, int] | None = None) -> None:
        self.born = born
        self.folders = folders or {}

    def moved(self, path: bytes, status: os.stat_result, view: View) -> bool:
        return self.folders.get(path) != status.st_ino

    def is_sure(self, status: os.stat_result, moved: bool) -> bool:
        return not moved and status.st_ctime_ns <= self.born


class Snapshot(Untouched):
    """Of a tree that began as a snapshot of the one below: a folder that is as it was has the inode that it has
    there."""

    def moved(self, path: bytes, status: os.stat_result, view: View) -> bool:
        found = view.find(path)
        return found is None or found.status.st_ino != status.st_ino


def overlay_changes(tree: str, view: View, marks: Marks = TRUSTED) -> list[Change]:
    """Of a union's upper folder, in the order of a walk: a folder comes before what it holds."""
    return _Comparison(tree, view, Untouched(), whole=False, marks=marks).run()


def copy_changes(tree: str, view: View, untouched: Untouched) -> list[Change]:
    """Of a whole tree that began as a copy."""
    return _Comparison(tree, view, untouched, whole=True).run()


class _Place:
    """A folder still to be looked at: whether there is one below, whether it hides that, whether it was moved here."""

    __slots__ = ("below", "moved", "opaque", "path")

    def __init__(self, path: bytes, below: bool, opaque: bool, moved: bool) -> None:
        self.path = path
        self.below = below
        self.opaque = opaque
        self.moved = moved


class _Comparison:
    def __init__(self, tree: str, view: View, untouched: Untouched, whole: bool, marks: Marks = TRUSTED) -> None:
        self.root = os.open(tree, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.view = view
        self.untouched = untouched
        self.whole = whole
        self.marks = marks
        self.found: list[Change] = []

    def run(self) -> list[Change]:
        try:
            left = [_Place(b"", True, self.whole, False)]
            while left:
                self.folder(left.pop(), left)
        finally:
            os.close(self.root)
        return _with_parents(self.found)

    def folder(self, place: _Place, left: list[_Place]) -> None:
        """One folder's entries, in the order of their names."""
        below = self.view.names(place.path) if place.below else {}
        try:
            descriptor = open_inside(self.root, os.fsdecode(place.path) or ".", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # a running container took it away
            return
        inner: list[_Place] = []
        try:
            names = {os.fsencode(name) for name in os.listdir(descriptor)}
            if self.marks.names and not self.whole:
                names = self.named(place, names, below)
            for name in sorted(names.union(below) if place.opaque else names):
                path = place.path + b"/" + name if place.path else name
                if name not in names:
                    self.found.append(Change(DELETED, path))
                    continue
                try:
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                self.entry(place, path, status, below.get(name), inner)
        finally:
            os.close(descriptor)
        left += reversed(inner)

    def named(self, place: _Place, names: set[bytes], below: dict[bytes, os.stat_result]) -> set[bytes]:
        """A folder's entries without those that hide others by their names, which are noted."""
        for name in names:
            gone = self.marks.named(name)
            if gone in below and gone not in names and gone not in (OPAQUE, META) and not place.opaque:
                self.found.append(Change(DELETED, place.path + b"/" + gone if place.path else gone))
        return {name for name in names if not self.marks.named(name)}

    def entry(
        self,
        place: _Place,
        path: bytes,
        status: os.stat_result,
        below: os.stat_result | None,
        inner: list[_Place],
    ) -> None:
        here = b"/proc/self/fd/%d/%b" % (self.root, path)
        if not self.whole and self.marks.whiteout(here, status):
            if below is not None:
                self.found.append(Change(DELETED, path))
            return
        folder = S_ISDIR(status.st_mode)
        moved = place.moved or (folder and self.whole and self.untouched.moved(path, status, self.view))
        if below is None:
            self.found.append(Change(ADDED, path))
        elif self.differs(path, status, below, moved):
            self.found.append(Change(CHANGED, path))
        if folder:
            both = below is not None and S_ISDIR(below.st_mode)
            opaque = place.opaque or (both and not self.whole and self.marks.opaque(here))
            inner.append(_Place(path, both, opaque, moved))

    def differs(self, path: bytes, above: os.stat_result, below: os.stat_result, moved: bool) -> bool:
        if (above.st_mode, above.st_uid, above.st_gid) != (below.st_mode, below.st_uid, below.st_gid):
            return True
        mode = above.st_mode
        # A folder's size and time say nothing about itself, but about what it holds.
        if not S_ISDIR(mode) and (above.st_size, above.st_mtime_ns) != (below.st_size, below.st_mtime_ns):
            return True
        if self.untouched.is_sure(above, moved):
            return False
        if (S_ISCHR(mode) or S_ISBLK(mode)) and above.st_rdev != below.st_rdev:
            return True
        old = self.view.find(path)
        return old is None or self._content_differs(path, old.path, mode)

    def _content_differs(self, path: bytes, old: bytes, mode: int) -> bool:
        try:
            new = open_inside(self.root, os.fsdecode(path), os.O_PATH | os.O_NOFOLLOW)
        except OSError:
            return True
        try:
            here = b"/proc/self/fd/%d" % new
            if S_ISLNK(mode):
                return os.readlink(b"", dir_fd=new) != os.readlink(old)
            if attributes(here, follow=True) != attributes(old):
                return True
            return S_ISREG(mode) and not same_content(here, old)
        finally:
            os.close(new)


def same_content(one: bytes, other: bytes) -> bool:
    with open(one, "rb", 0) as first, open(other, "rb", 0) as second:
        while True:
            left, right = first.read(_CHUNK), second.read(_CHUNK)
            if left != right:
                return False
            if not left:
                return True


def _with_parents(found: list[Change]) -> list[Change]:
    """The changes, and as changed the folders that hold them, which a person and an archive both want to see."""
    known = {change.path for change in found}
    parents: set[bytes] = set()
    for change in found:
        path = change.path.rpartition(b"/")[0]
        while path and path not in known and path not in parents:
            parents.add(path)
            path = path.rpartition(b"/")[0]
    whole = [*found, *(Change(CHANGED, path) for path in parents)]
    whole.sort(key=_walk_order)
    return whole


def _walk_order(change: Change) -> list[bytes]:
    return change.path.split(b"/")
