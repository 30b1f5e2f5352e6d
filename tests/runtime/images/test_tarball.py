from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import Damaged, TooLarge
from runtime.images import tarball
from runtime.images.tarball import Reader

segments = st.text("abcXYZ09._-é", min_size=1, max_size=60).filter(lambda name: name not in (".", ".."))
paths = st.lists(segments, min_size=1, max_size=6).map("/".join)


def members(content: bytes) -> dict[str, tarball.Member]:
    descriptor = os.memfd_create("archive")
    try:
        os.write(descriptor, content)
        return Reader(descriptor, "the archive").members()
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@given(files=st.dictionaries(paths, st.binary(max_size=1500), max_size=5))
def test_what_the_standard_library_writes_is_found_where_it_lies(form: int, files: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            try:
                archive.addfile(member, io.BytesIO(content))
            except ValueError:  # too long for ustar
                return
    found = members(buffer.getvalue())
    data = buffer.getvalue()
    assert {name: data[one.offset : one.offset + one.size] for name, one in found.items()} == files


@given(files=st.dictionaries(st.text("ab/é", min_size=1, max_size=90).map(tarball.normalise).filter(bool), st.binary()))
def test_what_is_written_is_what_the_standard_library_reads(files: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    for name, content in files.items():
        tarball.write_file(buffer.write, name, content)
    buffer.write(tarball.END)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        for member in archive:
            extracted = archive.extractfile(member)
            assert extracted is not None
            assert extracted.read() == files[member.name]


@given(st.binary(max_size=2000))
def test_any_bytes_are_an_archive_or_damaged(content: bytes) -> None:
    try:
        members(content)
    except Damaged:
        return


@given(st.data())
def test_altered_archives_are_read_or_damaged(data: st.DataObject) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a", "b" * 150):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    content = bytearray(buffer.getvalue()[:4096])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        members(bytes(content))
    except Damaged:
        return


def checksummed(change: Callable[[bytearray], None]) -> bytes:
    header = bytearray(tarball.header("name", 0))
    change(header)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tarball.END


def test_a_negative_size_is_damaged() -> None:
    with pytest.raises(Damaged, match="absurd size"):
        members(checksummed(lambda header: header.__setitem__(slice(124, 136), b"\xff" * 12)))


def test_an_absurd_size_is_damaged() -> None:
    with pytest.raises(Damaged):
        members(checksummed(lambda header: header.__setitem__(slice(124, 136), b"\x80" + b"\x7f" * 11)))


def test_a_size_beyond_the_file_is_broken_off() -> None:
    with pytest.raises(Damaged, match="broken off"):
        members(checksummed(lambda header: header.__setitem__(slice(124, 136), b"00000077777\0")))


def test_a_huge_pax_header_is_too_large() -> None:
    size = b"%011o\0" % (2 << 20)

    def change(header: bytearray) -> None:
        header[124:136] = size
        header[156:157] = b"x"

    with pytest.raises(TooLarge):
        members(checksummed(change))


def test_more_entries_than_any_image_has_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarball, "MEMBER_LIMIT", 3)
    with pytest.raises(TooLarge):
        members(b"".join(tarball.header(str(number), 0) for number in range(5)))


def test_large_numbers_are_read_as_gnu_writes_them(tmp_path: Path) -> None:
    size = 9 << 30
    path = tmp_path / "archive"
    path.write_bytes(tarball.header("large", size))
    os.truncate(path, 512 + size)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert Reader(descriptor, "it").members()["large"].size == size
    finally:
        os.close(descriptor)


def test_names_that_climb_are_never_looked_up() -> None:
    assert "etc/passwd" not in members(tarball.header("../etc/passwd", 0) + tarball.END)
