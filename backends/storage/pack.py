"""Writing a layer's archive: the same changes give the same bytes (ustar; pax headers where that is too narrow)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from stat import S_ISDIR, S_ISLNK, S_ISREG, S_ISSOCK
from typing import BinaryIO

from arch.inside import open_inside
from backends.storage import entry as kinds
from backends.storage.changes import DELETED, Change
from backends.storage.data import extents
from backends.storage.marks import PREFIX
from backends.storage.metadata import attributes
from backends.storage.owners import noted

_BLOCK = 512
_CHUNK = 1 << 20
_MOST_OCTAL = 0o7777777
_MOST_SIZE = 0o77777777777
_KINDS = {
    0o100000: kinds.FILE,
    0o120000: kinds.SYMLINK,
    0o020000: kinds.CHARACTER,
    0o060000: kinds.BLOCK,
    0o040000: kinds.FOLDER,
    0o010000: kinds.FIFO,
}

# Holes are worth a sparse entry from this size on, when they make half of a file.
_SPARSE = 1 << 20


def pack(changes: Iterable[Change], tree: str, archive: BinaryIO) -> None:
    """Writes changes of the tree as an OCI layer archive. A running container may change files meanwhile: what is
    gone is left out, what became shorter is filled up."""
    root = os.open(tree, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        writer = _Writer(root, archive)
        for change in changes:
            if change.kind == DELETED:
                writer.whiteout(change.path)
            else:
                writer.entry(change.path)
        archive.write(bytes(2 * _BLOCK))
    finally:
        os.close(root)


class _Writer:
    def __init__(self, root: int, archive: BinaryIO) -> None:
        self.root = root
        self.archive = archive
        self.links: dict[tuple[int, int], bytes] = {}

    def whiteout(self, path: bytes) -> None:
        head, slash, name = path.rpartition(b"/")
        self.archive.write(header(head + slash + PREFIX + name, kinds.FILE))

    def entry(self, path: bytes) -> None:
        try:
            place = open_inside(self.root, os.fsdecode(path) or ".", os.O_PATH | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return
            raise
        try:
            self._write(path, place, os.fstat(place))
        finally:
            os.close(place)

    def _header(
        self,
        name: bytes,
        kind: bytes,
        status: os.stat_result,
        found: dict[bytes, bytes],
        size: int = 0,
        link: bytes = b"",
        records: dict[bytes, bytes] | None = None,
    ) -> None:
        owner = noted(status, found)
        self.archive.write(header(name, kind, status, size, link, found, records, owner))

    def _write(self, path: bytes, place: int, status: os.stat_result) -> None:
        if S_ISSOCK(status.st_mode):
            return  # nobody listens to it in another container, and tar has no word for it
        kind = _KINDS[status.st_mode & 0o170000]
        name = path + b"/" if kind == kinds.FOLDER and path else path or b"./"
        if status.st_nlink > 1 and not S_ISDIR(status.st_mode):
            first = self.links.setdefault((status.st_dev, status.st_ino), path)
            if first != path:
                self.archive.write(header(name, kinds.HARD_LINK, status, link=first))
                return
        found = attributes(b"/proc/self/fd/%d" % place, follow=True) if not S_ISLNK(status.st_mode) else {}
        if S_ISREG(status.st_mode):
            self._file(name, place, found)
            return
        link = os.readlink(b"", dir_fd=place) if kind == kinds.SYMLINK else b""
        self._header(name, kind, status, found, link=link)

    def _file(self, name: bytes, place: int, found: dict[bytes, bytes]) -> None:
        descriptor = os.open(b"/proc/self/fd/%d" % place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if status.st_size >= _SPARSE and status.st_blocks * 512 <= status.st_size // 2:
                self._sparse(name, descriptor, status, found)
                return
            self._header(name, kinds.FILE, status, found, status.st_size)
            self._content(descriptor, 0, status.st_size)
            self.archive.write(bytes(-status.st_size % _BLOCK))
        finally:
            os.close(descriptor)

    def _sparse(self, name: bytes, descriptor: int, status: os.stat_result, found: dict[bytes, bytes]) -> None:
        """GNU's format 1.0, which tar, Go and Python read."""
        chunks = extents(descriptor, status.st_size)
        if not chunks or chunks[-1][1] < status.st_size:
            chunks.append((status.st_size, status.st_size))  # GNU tar takes a file's end from its last piece
        numbers = [len(chunks)]
        for start, end in chunks:
            numbers += (start, end - start)
        table = b"".join(b"%d\n" % number for number in numbers)
        table += bytes(-len(table) % _BLOCK)
        size = len(table) + sum(end - start for start, end in chunks)
        records = {
            b"GNU.sparse.major": b"1",
            b"GNU.sparse.minor": b"0",
            b"GNU.sparse.name": name,
            b"GNU.sparse.realsize": b"%d" % status.st_size,
        }
        self._header(b"GNUSparseFile.0/" + name[-60:], kinds.FILE, status, found, size, records=records)
        self.archive.write(table)
        for start, end in chunks:
            self._content(descriptor, start, end)
        self.archive.write(bytes(-size % _BLOCK))

    def _content(self, descriptor: int, start: int, end: int) -> None:
        while start < end:
            content = os.pread(descriptor, min(_CHUNK, end - start), start) or bytes(min(_CHUNK, end - start))
            self.archive.write(content)
            start += len(content)


def header(
    name: bytes,
    kind: bytes,
    status: os.stat_result | None = None,
    size: int = 0,
    link: bytes = b"",
    xattrs: dict[bytes, bytes] | None = None,
    records: dict[bytes, bytes] | None = None,
    owner: tuple[int, int, int] | None = None,
) -> bytes:
    """The blocks before an entry's content. Without a status: owner root, no rights, 1970. `owner`: mode, user, group
    in the place of the status's."""
    extra = dict(records or {})
    mode, uid, gid, mtime, device = 0, 0, 0, 0, 0
    if status is not None:
        mode, uid, gid, device = status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_rdev
        mtime = status.st_mtime_ns
        if owner is not None:
            mode, uid, gid = owner
    if len(name) > 100 or not name.isascii():
        extra[b"path"] = name
    if len(link) > 100 or not link.isascii():
        extra[b"linkpath"] = link
    if size > _MOST_SIZE:
        extra[b"size"] = b"%d" % size
    if uid > _MOST_OCTAL:
        extra[b"uid"] = b"%d" % uid
    if gid > _MOST_OCTAL:
        extra[b"gid"] = b"%d" % gid
    seconds, rest = divmod(mtime, 1_000_000_000)
    if rest or not 0 <= seconds <= _MOST_SIZE:
        extra[b"mtime"] = _time(mtime)
        seconds = min(max(seconds, 0), _MOST_SIZE)
    for key, value in (xattrs or {}).items():
        extra[b"SCHILY.xattr." + key] = value
    special = kind in (kinds.CHARACTER, kinds.BLOCK)
    numbers = (mode, uid if uid <= _MOST_OCTAL else 0, gid if gid <= _MOST_OCTAL else 0)
    device_numbers = (os.major(device), os.minor(device)) if special else (0, 0)
    block = _block(name[:100], kind, numbers, size if size <= _MOST_SIZE else 0, seconds, link[:100], device_numbers)
    return (_extended(extra) if extra else b"") + block


def _time(mtime: int) -> bytes:
    seconds, rest = divmod(abs(mtime), 1_000_000_000)
    return b"%s%d.%09d" % (b"-" if mtime < 0 else b"", seconds, rest)


def _extended(records: dict[bytes, bytes]) -> bytes:
    content = b"".join(_record(key, records[key]) for key in sorted(records))
    block = _block(b"PaxHeaders.0/x", b"x", (0o644, 0, 0), len(content), 0, b"", (0, 0))
    return block + content + bytes(-len(content) % _BLOCK)


def _record(key: bytes, value: bytes) -> bytes:
    # "LENGTH KEY=VALUE\n", where LENGTH counts its own digits.
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + len(str(len(rest)))
    length = len(rest) + len(str(length))
    return b"%d" % length + rest


def _block(
    name: bytes,
    kind: bytes,
    numbers: tuple[int, int, int],
    size: int,
    seconds: int,
    link: bytes,
    device: tuple[int, int],
) -> bytes:
    fields = (
        name.ljust(100, b"\0"),
        b"%07o\0%07o\0%07o\0" % numbers,
        b"%011o\0%011o\0" % (size, seconds),
        b" " * 8,
        kind,
        link.ljust(100, b"\0"),
        b"ustar\x0000",
        bytes(64),
        b"%07o\0%07o\0" % device,
        bytes(167),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
