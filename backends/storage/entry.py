"""One entry of a layer's archive."""

from __future__ import annotations

FILE = b"0"
HARD_LINK = b"1"
SYMLINK = b"2"
CHARACTER = b"3"
BLOCK = b"4"
FOLDER = b"5"
FIFO = b"6"


class Entry:
    """`name` and `link` as the archive has them; `mtime` in ns; `size` the bytes in the archive, `length` those of the
    file, which differ for a sparse one; `sparse` its data as (offset, length), or None."""

    __slots__ = (
        "gid", "kind", "length", "link", "major", "minor", "mode", "mtime", "name", "size", "sparse", "uid", "xattrs",
    )  # fmt: skip

    def __init__(
        self,
        name: bytes,
        kind: bytes = FILE,
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
        size: int = 0,
        mtime: int = 0,
        link: bytes = b"",
        major: int = 0,
        minor: int = 0,
        xattrs: dict[bytes, bytes] | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.size = size
        self.length = size
        self.mtime = mtime
        self.link = link
        self.major = major
        self.minor = minor
        self.sparse: list[tuple[int, int]] | None = None
        self.xattrs = xattrs
