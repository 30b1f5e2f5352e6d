from __future__ import annotations

import contextlib
import io
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch import elf, names, native
from arch.errors import ArchError, BadExecutable, UnknownArchitecture


def program(
    machine: int = 62, wide: bool = True, order: str = "<", kind: int = 2, flags: int = 0, **parts: bytes
) -> bytes:
    """A small file with one loaded segment at address 0 and, as asked, an interpreter, notes and a dynamic section."""
    head, row = (64, 56) if wide else (52, 32)
    kinds = {"dynamic": 2, "interpreter": 3, "notes": 4}
    count = 1 + len(set(parts) & set(kinds))
    at = head + count * row
    body, rows = b"", [(1, 0, 1 << 20)]
    for name, content in parts.items():
        if name in kinds:
            rows.append((kinds[name], at + len(body), len(content)))
        body += content
    image = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    image += struct.pack(order + "HHI", kind, machine, 1)
    image += struct.pack(order + ("QQQI" if wide else "IIII"), 0, head, 0, flags)
    image += struct.pack(order + "HHHHHH", head, row, count, 0, 0, 0)
    for type_, offset, size in rows:
        if wide:
            image += struct.pack(order + "IIQQQQQQ", type_, 4, offset, offset, 0, size, size, 1)
        else:
            image += struct.pack(order + "IIIIIIII", type_, offset, offset, 0, size, size, 4, 1)
    return image + body


def note(major: int, minor: int, patch: int, order: str = "<") -> bytes:
    other = struct.pack(order + "III", 4, 5, 3) + b"GNU\0" + b"abcde\0\0\0"
    return other + struct.pack(order + "III", 4, 16, 1) + b"GNU\0" + struct.pack(order + "IIII", 0, major, minor, patch)


def dynamic_program(*entries: tuple[int, str]) -> bytes:
    names_at = 64 + 2 * 56 + 16 * (len(entries) + 2)
    table, rows = b"\0", b""
    for tag, text in entries:
        rows += struct.pack("<qQ", tag, len(table))
        table += text.encode() + b"\0"
    rows += struct.pack("<qQqQ", 5, names_at, 0, 0)
    return program(kind=3, dynamic=rows, strings=table + bytes(8))


def inspect(content: bytes) -> elf.Executable:
    return elf.inspect(io.BytesIO(content))


def test_this_interpreter_is_of_this_machine() -> None:
    with open(sys.executable, "rb") as file:
        found = elf.inspect(file)
    assert found.architecture.name == native.machine()
    assert found.kind in ("executable", "shared")


@pytest.mark.parametrize("architecture", names.ALL, ids=repr)
def test_every_architecture_is_read_from_its_header(architecture: names.Architecture) -> None:
    order = "<" if architecture.byteorder == "little" else ">"
    image = program(architecture.elf_machine, architecture.bits == 64, order, notes=note(3, 10, 0, order))
    assert elf.architecture(image[:64]) is architecture
    assert inspect(image).kernel == (3, 10, 0)


@pytest.mark.parametrize(("flags", "debian"), [(0x05000400, "armhf"), (0x05000200, "armel")])
def test_arms_floating_point_tells_debians_two_architectures(flags: int, debian: str) -> None:
    assert inspect(program(40, wide=False, flags=flags)).debian == debian


def test_a_program_without_interpreter_and_libraries_is_static() -> None:
    found = inspect(program())
    assert (found.static, found.pie, found.interpreter) == (True, False, "")


def test_the_interpreter_is_read() -> None:
    found = inspect(program(kind=3, interpreter=b"/lib/ld-musl-x86_64.so.1\0"))
    assert (found.interpreter, found.pie, found.static) == ("/lib/ld-musl-x86_64.so.1", True, False)


def test_names_of_the_dynamic_section_are_read() -> None:
    found = inspect(dynamic_program((1, "libc.so.6"), (1, "libm.so.6"), (14, "own.so"), (15, "/r"), (29, "$ORIGIN")))
    assert found.needed == ("libc.so.6", "libm.so.6")
    assert (found.soname, found.rpath, found.runpath) == ("own.so", "/r", "$ORIGIN")


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", program()[:60], b"\x7fELF\x03" + program()[5:]])
def test_what_is_no_elf_file_is_said_to_be_bad(content: bytes) -> None:
    with pytest.raises(BadExecutable):
        inspect(content)


def test_x32_is_not_taken_for_x86_64() -> None:
    with pytest.raises(UnknownArchitecture):
        inspect(program(62, wide=False))


def test_a_promise_beyond_the_end_of_the_file_is_bad() -> None:
    image = bytearray(program(interpreter=b"/lib/ld.so\0"))
    struct.pack_into("<Q", image, 64 + 56 + 32, 4000)
    with pytest.raises(BadExecutable, match="ends before"):
        inspect(bytes(image))


def test_an_endless_interpreter_is_bad() -> None:
    with pytest.raises(BadExecutable, match="interpreter"):
        inspect(program(interpreter=b"/" * 5000))


@given(st.binary(max_size=600))
def test_noise_is_never_more_than_an_error_of_ours(noise: bytes) -> None:
    for content in (noise, b"\x7fELF" + noise, program()[:24] + noise):
        with contextlib.suppress(ArchError):
            inspect(content)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12))
def test_a_damaged_program_is_never_more_than_an_error_of_ours(damage: list[tuple[int, int]]) -> None:
    image = bytearray(dynamic_program((1, "libc.so.6"), (29, "/lib")))
    for at, value in damage:
        image[at % len(image)] = value
    with contextlib.suppress(ArchError):
        inspect(bytes(image))
