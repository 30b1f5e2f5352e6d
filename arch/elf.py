"""What an executable asks for: architecture, interpreter, libraries, oldest kernel. elf(5); GNU's note in LSB 5.

Reads only, and only what the headers point to; every size is bounded, and a file that lies is BadExecutable.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from arch.errors import BadExecutable
from arch.names import ARM, Architecture, by_elf

MAGIC = b"\x7fELF"

# More than any linker writes, little enough to be read at once.
MOST_SEGMENTS = 512
MOST_INTERPRETER = 4096
MOST_DYNAMIC = 4096
MOST_NOTES = 64 * 1024
MOST_NAME = 4096

_TYPES = {1: "relocatable", 2: "executable", 3: "shared", 4: "core"}
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_FLAGS_1 = 1, 5, 14, 15, 29, 0x6FFFFFFB
_DF_1_PIE = 0x08000000
_EF_ARM_ABI_FLOAT_HARD = 0x400
_NT_GNU_ABI_TAG = 1


@dataclass(frozen=True)
class Executable:
    """`kernel` is the oldest kernel that its C library says to need (NT_GNU_ABI_TAG), `debian` the architecture of
    Debian whose programs look so, `kind` e_type's name, `align` the least alignment of its loaded segments in bytes:
    the largest page size that it was linked for, 0 where nothing is loaded."""

    architecture: Architecture
    debian: str
    kind: str
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    soname: str = ""
    kernel: tuple[int, int, int] | None = None
    pie: bool = False
    align: int = 0

    @property
    def static(self) -> bool:
        """Runs without any other file."""
        return self.kind in ("executable", "shared") and not self.interpreter and not self.needed


@dataclass(frozen=True)
class _Header:
    architecture: Architecture
    order: str  # of struct: "<" or ">"
    wide: bool
    kind: str
    flags: int
    segments_at: int
    segment_size: int
    segments: int


@dataclass(frozen=True)
class _Segment:
    type: int
    offset: int
    address: int
    size: int
    align: int


def is_elf(head: bytes) -> bool:
    return head[:4] == MAGIC


def architecture(head: bytes) -> Architecture:
    """Of a file, from its first 64 bytes. BadExecutable, UnknownArchitecture."""
    return _header(head).architecture


def inspect(file: BinaryIO) -> Executable:
    """Everything about a seekable file. BadExecutable, UnknownArchitecture; OSError as the file raises it."""
    file.seek(0)
    header = _header(file.read(64))
    segments = _segments(file, header)
    interpreter = ""
    kernel = None
    for segment in segments:
        if segment.type == _PT_INTERP:
            _bound("interpreter", segment.size, MOST_INTERPRETER)
            interpreter = _text(_at(file, segment.offset, segment.size))
        elif segment.type == _PT_NOTE and kernel is None:
            _bound("notes", segment.size, MOST_NOTES)
            kernel = _oldest_kernel(_at(file, segment.offset, segment.size), header.order)
    dynamic = _dynamic(file, header, segments)
    return Executable(
        architecture=header.architecture,
        debian=_debian(header),
        kind=header.kind,
        interpreter=interpreter,
        kernel=kernel,
        align=min((segment.align for segment in segments if segment.type == _PT_LOAD), default=0),
        pie=header.kind == "shared" and bool(interpreter or dynamic.flags & _DF_1_PIE),
        needed=dynamic.needed,
        rpath=dynamic.rpath,
        runpath=dynamic.runpath,
        soname=dynamic.soname,
    )


def _header(head: bytes) -> _Header:
    if not is_elf(head):
        raise BadExecutable("not an ELF file: it does not begin with 7f 45 4c 46")
    if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2) or (head[4] == 2 and len(head) < 64):
        raise BadExecutable("the ELF header is cut off, or of no known class or byte order")
    wide = head[4] == 2
    order = "<" if head[5] == 1 else ">"
    kind, machine = struct.unpack_from(order + "HH", head, 16)
    _, at, _, flags, _, size, count = struct.unpack_from(order + ("QQQIHHH" if wide else "IIIIHHH"), head, 24)
    if kind not in _TYPES:
        raise BadExecutable(f"an ELF file of no known type, {kind}")
    known = by_elf(machine, 64 if wide else 32, "little" if order == "<" else "big")
    return _Header(known, order, wide, _TYPES[kind], flags, at, size, count)


def _debian(header: _Header) -> str:
    if header.architecture is ARM:
        return "armhf" if header.flags & _EF_ARM_ABI_FLOAT_HARD else "armel"
    return header.architecture.debian[0]


def _segments(file: BinaryIO, header: _Header) -> list[_Segment]:
    if not header.segments:
        return []
    if header.segment_size != (56 if header.wide else 32):
        raise BadExecutable(f"program headers of {header.segment_size} bytes are of no known kind")
    _bound("program headers", header.segments, MOST_SEGMENTS)
    table = _at(file, header.segments_at, header.segments * header.segment_size)
    found = []
    for row in range(0, len(table), header.segment_size):
        if header.wide:
            kind, _, offset, address, _, size, _, align = struct.unpack_from(header.order + "IIQQQQQQ", table, row)
        else:
            kind, offset, address, _, size, _, _, align = struct.unpack_from(header.order + "IIIIIIII", table, row)
        found.append(_Segment(kind, offset, address, size, align))
    return found


@dataclass(frozen=True)
class _Dynamic:
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    soname: str = ""
    flags: int = 0


def _dynamic(file: BinaryIO, header: _Header, segments: list[_Segment]) -> _Dynamic:
    segment = next((segment for segment in segments if segment.type == _PT_DYNAMIC), None)
    if segment is None:
        return _Dynamic()
    width = 16 if header.wide else 8
    _bound("dynamic section", segment.size // width, MOST_DYNAMIC)
    content = _at(file, segment.offset, segment.size // width * width)
    entries: list[tuple[int, int]] = []
    for tag, value in struct.iter_unpack(header.order + ("qQ" if header.wide else "iI"), content):
        if tag == 0:
            break
        entries.append((tag, value))
    first = dict(reversed(entries))
    wanted = (_DT_NEEDED, _DT_RPATH, _DT_RUNPATH, _DT_SONAME)
    if not any(tag in first for tag in wanted):
        return _Dynamic(flags=first.get(_DT_FLAGS_1, 0))
    if _DT_STRTAB not in first:
        raise BadExecutable("a dynamic section with names, and without a table of them")
    strings = _file_offset(first[_DT_STRTAB], segments)

    def name(tag: int) -> str:
        return _string(file, strings + first[tag]) if tag in first else ""

    return _Dynamic(
        needed=tuple(_string(file, strings + value) for tag, value in entries if tag == _DT_NEEDED),
        rpath=name(_DT_RPATH),
        runpath=name(_DT_RUNPATH),
        soname=name(_DT_SONAME),
        flags=first.get(_DT_FLAGS_1, 0),
    )


def _file_offset(address: int, segments: list[_Segment]) -> int:
    for segment in segments:
        if segment.type == _PT_LOAD and segment.address <= address < segment.address + segment.size:
            return segment.offset + address - segment.address
    raise BadExecutable(f"no segment holds the address {address:#x} that the dynamic section names")


def _oldest_kernel(notes: bytes, order: str) -> tuple[int, int, int] | None:
    at = 0
    while at + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(order + "III", notes, at)
        name = notes[at + 12 : at + 12 + name_size]
        at += 12 + (name_size + 3 & ~3)
        if name == b"GNU\0" and kind == _NT_GNU_ABI_TAG and size >= 16 and at + 16 <= len(notes):
            system, major, minor, patch = struct.unpack_from(order + "IIII", notes, at)
            return (major, minor, patch) if system == 0 else None
        at += size + 3 & ~3
    return None


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    content = b"" if offset >= 1 << 62 else _read(file, offset, size)
    if len(content) != size:
        raise BadExecutable(f"the file ends before the {size} bytes at {offset:#x} that its headers promise")
    return content


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _string(file: BinaryIO, offset: int) -> str:
    content = b"" if offset >= 1 << 62 else _read(file, offset, MOST_NAME)
    if b"\0" not in content:
        raise BadExecutable(f"the name at {offset:#x} has no end")
    return _text(content)


def _text(content: bytes) -> str:
    return content.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _bound(what: str, found: int, most: int) -> None:
    if found > most:
        raise BadExecutable(f"{found} is too much for its {what}: at most {most}")
