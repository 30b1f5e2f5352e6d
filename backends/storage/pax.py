"""Extended headers of tar archives: what POSIX pax, GNU tar, star and libarchive say about the entry that follows."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from backends.storage.entry import Entry
from backends.storage.header import BadHeader

Records = dict[bytes, bytes]

_MOST_ID = (1 << 32) - 2  # the last one means "none" to chown(2)
_MOST_TIME = 1 << 63


def records(content: bytes) -> tuple[Records, list[bytes]]:
    """The records of an extended header, the last of each key; and a sparse map of GNU's format 0.0, whose keys repeat.

    BadHeader.
    """
    found: Records = {}
    chunks: list[bytes] = []
    at = 0
    while at < len(content):
        blank = content.find(b" ", at, at + 20)
        digits = content[at:blank]
        if blank < 0 or not digits.isdigit():
            if not content[at:].strip(b"\0"):
                break  # padding inside the header, which some writers leave
            raise BadHeader("an extended header record without its length")
        end = at + int(digits)
        key, equals, value = content[blank + 1 : end - 1].partition(b"=")
        if end <= blank + 1 or end > len(content) or content[end - 1 : end] != b"\n" or not equals or not key:
            raise BadHeader("an extended header record that is not as long as it says")
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            chunks.append(value)
        else:
            found[key] = value
        at = end
    return found, chunks


def lay_over(entry: Entry, found: Records) -> None:
    """Lets an extended header's records replace an entry's fields. BadHeader."""
    for key, value in found.items():
        field = _FIELDS.get(key)
        if field is not None:
            if value:  # an empty one takes a global header's record back
                field(entry, value)
        elif key.startswith(b"SCHILY.xattr."):
            _attribute(entry, key[13:], value)
        elif key.startswith(b"LIBARCHIVE.xattr."):
            name = unquote_to_bytes(key[17:])
            if entry.xattrs is None or name not in entry.xattrs:
                _attribute(entry, name, _base64(value))


def _attribute(entry: Entry, name: bytes, value: bytes) -> None:
    if not name or b"\0" in name:
        raise BadHeader("an extended attribute without a name")
    if entry.xattrs is None:
        entry.xattrs = {}
    entry.xattrs[name] = value


def _base64(value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        raise BadHeader("an extended attribute that is not base64") from None


def whole(value: bytes, what: str) -> int:
    """A number of an extended header. BadHeader."""
    if not value.isdigit() or len(value) > 20:
        raise BadHeader(f"{what} is no number: {value[:40]!r}")
    return int(value)


def _path(entry: Entry, value: bytes) -> None:
    entry.name = value


def _link(entry: Entry, value: bytes) -> None:
    entry.link = value


def _size(entry: Entry, value: bytes) -> None:
    entry.size = entry.length = whole(value, "size")


def _uid(entry: Entry, value: bytes) -> None:
    entry.uid = whole(value, "uid")


def _gid(entry: Entry, value: bytes) -> None:
    entry.gid = whole(value, "gid")


def _mtime(entry: Entry, value: bytes) -> None:
    entry.mtime = nanoseconds(value)


def nanoseconds(value: bytes) -> int:
    """A time in seconds, perhaps with decimals, perhaps before 1970. BadHeader."""
    seconds, _, decimals = value.partition(b".")
    negative = seconds.startswith(b"-")
    digits = seconds[1:] if negative else seconds
    if not digits.isdigit() or len(digits) > 18 or (decimals and not decimals.isdigit()):
        raise BadHeader(f"mtime is no time: {value[:40]!r}")
    amount = int(digits) * 1_000_000_000 + int(decimals[:9].ljust(9, b"0"))
    return -amount if negative else amount


def check(entry: Entry) -> None:
    """What no field may be, whoever wrote it. BadHeader."""
    if entry.size < 0:
        raise BadHeader(f"a negative size: {entry.size}")
    for what, value in (("uid", entry.uid), ("gid", entry.gid)):
        if not 0 <= value <= _MOST_ID:
            raise BadHeader(f"{what} {value} is out of range")
    if not -_MOST_TIME < entry.mtime < _MOST_TIME:
        raise BadHeader("its time is out of range")
    if b"\0" in entry.name or b"\0" in entry.link:
        raise BadHeader("a name with a zero byte")
    if not 0 <= entry.major < 1 << 12 or not 0 <= entry.minor < 1 << 20:
        raise BadHeader(f"device number {entry.major}:{entry.minor} is out of range")


_FIELDS = {
    b"path": _path,
    b"linkpath": _link,
    b"size": _size,
    b"uid": _uid,
    b"gid": _gid,
    b"mtime": _mtime,
}
