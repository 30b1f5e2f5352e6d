"""The outer tar of an image archive: what lies where in it. Nothing is extracted; names are keys and never paths.

Reads ustar, GNU (long names, large numbers) and pax headers; writes ustar. What is inside layers is the storage
backend's to read.
"""

from __future__ import annotations

import os

from runtime.errors import Damaged, TooLarge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 512
MEMBER_LIMIT = 100_000
NAME_LIMIT = 64 << 10  # bytes of a long name
PAX_LIMIT = 1 << 20
_EMPTY = bytes(BLOCK)
_HINT = "fetch or make the archive again: it is incomplete or has been altered"

FILE, LINK, SYMLINK, FOLDER, OTHER = "file", "link", "symlink", "folder", "other"
_KINDS = {b"0": FILE, b"\0": FILE, b"7": FILE, b"1": LINK, b"2": SYMLINK, b"5": FOLDER}
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL = b"L", b"K", b"x", b"g"


class Member:
    __slots__ = ("kind", "name", "offset", "size", "target")

    def __init__(self, name: str, kind: str, offset: int, size: int, target: str) -> None:
        self.name = name
        self.kind = kind
        self.offset = offset  # of the content, from the file's beginning
        self.size = size
        self.target = target  # what a link points to


class Reader:
    """Walks over a tar in a seekable file once, hopping over contents."""

    __slots__ = ("_descriptor", "_extra", "_length", "_position", "_what")

    def __init__(self, descriptor: int, what: str) -> None:
        self._descriptor = descriptor
        self._what = what
        self._length = os.fstat(descriptor).st_size
        self._position = 0
        self._extra: dict[str, str] = {}  # what the long-name and pax headers say of the next member

    def members(self) -> dict[str, Member]:
        """By normalised name; of two of one name the later counts, as if they had been extracted. Damaged."""
        found: dict[str, Member] = {}
        count = 0
        while (header := self._header()) is not None:
            count += 1
            if count > MEMBER_LIMIT:
                raise TooLarge(f"{self._what} has more than {MEMBER_LIMIT} entries: no image has", _HINT)
            member = self._member(header)
            if member is not None:
                found[member.name] = member
        return found

    def _header(self) -> bytes | None:
        header = os.pread(self._descriptor, BLOCK, self._position)
        if header == _EMPTY:
            return None
        if not header and self._position > 0:
            # An end without the two blocks of zeros: some writers leave them out, and every entry was whole.
            return None
        if len(header) < BLOCK:
            raise Damaged(f"{self._what} is broken off after {self._length} bytes, or is not a tar archive", _HINT)
        if not _checks(header):
            where = "is not a tar archive" if self._position == 0 else f"is damaged at byte {self._position}"
            raise Damaged(f"{self._what} {where}: the header's checksum is wrong", _HINT)
        self._position += BLOCK
        return header

    def _member(self, header: bytes) -> Member | None:
        size = self._number(header[124:136])
        kind = header[156:157]
        offset = self._position
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL):
            self._read_extra(kind, size)
            return None
        extra, self._extra = self._extra, {}
        if "size" in extra:
            size = self._decimal(extra["size"])
        named = _KINDS.get(kind, OTHER)
        if named not in (FILE, OTHER):  # a link's size is what it links to has, without content here
            size = 0
        self._skip(size)
        name = extra.get("path") or _text(header[:100])
        if "path" not in extra and header[257:263] == b"ustar\0" and header[345:346] != b"\0":
            name = f"{_text(header[345:500])}/{name}"
        return Member(normalise(name), named, offset, size, extra.get("linkpath") or _text(header[157:257]))

    def _skip(self, size: int) -> None:
        end = self._position + size
        if end > self._length:
            raise Damaged(
                f"{self._what} is broken off: an entry at byte {self._position} has {size} bytes, and only "
                f"{self._length - self._position} are there",
                _HINT,
            )
        self._position += -(-size // BLOCK) * BLOCK

    def _read_extra(self, kind: bytes, size: int) -> None:
        if size > (NAME_LIMIT if kind in (_LONG_NAME, _LONG_LINK) else PAX_LIMIT):
            raise TooLarge(f"{self._what} has a header of {size} bytes at byte {self._position}", _HINT)
        offset = self._position
        self._skip(size)
        content = os.pread(self._descriptor, size, offset)
        if kind == _LONG_NAME:
            self._extra["path"] = _text(content)
        elif kind == _LONG_LINK:
            self._extra["linkpath"] = _text(content)
        elif kind == _PAX:
            self._extra.update(self._pax(content))

    def _pax(self, content: bytes) -> dict[str, str]:
        """Records are "LENGTH KEY=VALUE\\n", the length counting all of it (POSIX, pax)."""
        result: dict[str, str] = {}
        position = 0
        while position < len(content):
            digits, blank, _ = content[position : position + 20].partition(b" ")
            length = int(digits) if digits.isdigit() and blank else 0
            record = content[position : position + length]
            key, equals, value = record[len(digits) + 1 :].partition(b"=")
            if length < 5 or len(record) != length or not equals or not value.endswith(b"\n"):
                raise Damaged(f"{self._what} has a malformed pax header before byte {self._position}", _HINT)
            if key in (b"path", b"linkpath", b"size"):
                result[key.decode()] = value[:-1].decode("utf-8", "surrogateescape")
            position += length
        return result

    def _number(self, content: bytes) -> int:
        if content[0] & 0x80:  # GNU: big-endian binary; the second bit is the sign
            value = int.from_bytes(content, "big", signed=True) + (1 << (8 * len(content) - 1))
            if content[0] & 0x40 or value >= 1 << 62:
                raise Damaged(f"{self._what} has an entry of an absurd size at byte {self._position}", _HINT)
            return value
        text = content.strip(b" \0")
        try:
            return int(text, 8) if text else 0
        except ValueError:
            raise Damaged(f"{self._what} has an entry of the size {text!r} at byte {self._position}", _HINT) from None

    def _decimal(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise Damaged(f"{self._what} has an entry of the size {text[:40]!r} at byte {self._position}", _HINT)
        return int(text)


def normalise(name: str) -> str:
    """`./a//b/` is `a/b`. Names that climb stay as they are: nothing legitimate is ever looked up by them."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


_FLAGS = {FILE: b"0", LINK: b"1", SYMLINK: b"2", FOLDER: b"5"}


def header(name: str, size: int, kind: str = FILE, mode: int | None = None, target: str = "") -> bytes:
    """A ustar header: owned by root, dated 1970, so that an archive depends on its content alone."""
    prefix, base = _split(name.encode())
    link = target.encode()
    if len(link) > 100:
        raise ValueError(f"too long a target for this writer: {target}")
    number = b"%011o\0" % size if size < 1 << 33 else b"\x80" + size.to_bytes(11, "big")
    if mode is None:
        mode = 0o755 if kind == FOLDER else 0o644
    start = base.ljust(100, b"\0") + b"%07o\0" % mode + b"0000000\0" * 2 + number + b"00000000000\0"
    end = _FLAGS[kind] + link.ljust(100, b"\0") + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
    end += prefix.ljust(167, b"\0")
    return start + b"%06o\0 " % (sum(start) + sum(end) + 8 * 32) + end


def _split(name: bytes) -> tuple[bytes, bytes]:
    """A name of up to 256 bytes in ustar's two fields, parted at a slash."""
    if len(name) <= 100:
        return b"", name
    cut = name.find(b"/", len(name) - 101)
    if cut < 1 or cut > 155:
        raise ValueError(f"too long a name for this writer: {name.decode()}")
    return name[:cut], name[cut + 1 :]


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def write_file(write: Callable[[bytes], object], name: str, content: bytes) -> None:
    write(header(name, len(content)) + content + padding(len(content)))


END = _EMPTY * 2


def _checks(block: bytes) -> bool:
    try:
        stated = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    counted = block[:148] + b" " * 8 + block[156:]
    # Some old writers summed signed characters.
    return stated == sum(counted) or stated == sum(byte - 256 if byte > 127 else byte for byte in counted)


def _text(content: bytes) -> str:
    return content.partition(b"\0")[0].decode("utf-8", "surrogateescape")
