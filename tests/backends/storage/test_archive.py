from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import HostileLayer
from backends.storage.archive import Archive
from backends.storage.entry import Entry
from backends.storage.limits import Limits
from backends.storage.pack import header
from backends.storage.source import region
from tests.contract.layers import device, file, folder, hard_link, layer, link

END = bytes(1024)


def block(name: bytes = b"f", kind: bytes = b"0", *, size: bytes = b"00000000000\0", **fields: bytes) -> bytes:
    """A header as somebody might write it by hand, with a right checksum."""
    defaults = {"mode": b"0000644\0", "uid": b"0000000\0", "gid": b"0000000\0", "mtime": b"00000000000\0"}
    values = {**defaults, "link": b"", "magic": b"ustar\x0000", "rest": b"", **fields}
    content = (
        name.ljust(100, b"\0") + values["mode"] + values["uid"] + values["gid"] + size + values["mtime"]
        + b" " * 8 + kind + values["link"].ljust(100, b"\0") + values["magic"] + values["rest"]
    ).ljust(512, b"\0")  # fmt: skip
    return content[:148] + b"%06o\0 " % sum(content) + content[156:]


def extended(content: bytes, kind: bytes = b"x") -> bytes:
    size = b"%011o\0" % len(content)
    return block(b"PaxHeader", kind, size=size) + content + bytes(-len(content) % 512)


def entries(archive: bytes | BinaryIO, limits: Limits | None = None) -> list[Entry]:
    reader = Archive(io.BytesIO(archive) if isinstance(archive, bytes) else archive, limits or Limits())
    found: list[Entry] = []
    while True:
        entry = reader.read()
        if entry is None:
            return found
        found.append(entry)


def contents(archive: BinaryIO, folder: Path) -> dict[bytes, bytes]:
    reader = Archive(archive, Limits())
    found: dict[bytes, bytes] = {}
    while True:
        entry = reader.read()
        if entry is None:
            return found
        with open(folder / "content", "wb+", 0) as target:
            reader.copy(entry, target.fileno())
            target.seek(0)
            found[entry.name] = target.read()


NAMES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=300)
ENTRIES = st.builds(
    lambda name, content, mode, uid, mtime: file(name, content, mode=mode, uid=uid, gid=uid // 2, mtime=mtime),
    NAMES.filter(lambda name: not name.endswith("/")),
    st.binary(max_size=3000),
    st.integers(0, 0o7777),
    st.integers(0, 0o7777777),
    st.integers(0, 2**33 - 1),
)


@settings(deadline=None, max_examples=80)
@given(wanted=st.lists(ENTRIES, max_size=5), kind=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_what_python_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[tarfile.TarInfo, bytes]], kind: int
) -> None:
    archive = layer(*wanted, kind=kind)
    found = entries(archive)
    assert [
        (entry.name.decode(), entry.mode, entry.uid, entry.gid, entry.mtime, entry.size) for entry in found
    ] == [
        (info.name, info.mode, info.uid, info.gid, info.mtime * 10**9, len(content)) for info, content in wanted
    ]  # fmt: skip
    archive.seek(0)
    folder = tmp_path_factory.mktemp("contents")
    assert contents(archive, folder) == {info.name.encode(): content for info, content in wanted}


BASE = layer(
    file("a" * 200, b"x" * 700, xattrs={"user.x": b"y"}), folder("d"), link("l", "t"), hard_link("h", "l"),
    device("n", 1, 3), file("f", b"y" * 100), kind=tarfile.PAX_FORMAT,
).read()  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(changes=st.lists(st.tuples(st.integers(0, len(BASE) - 1), st.integers(0, 255)), max_size=8), cut=st.booleans())
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(changes: list[tuple[int, int]], cut: bool) -> None:
    damaged = bytearray(BASE)
    for place, value in changes:
        damaged[place] = value
    try:
        entries(bytes(damaged[: changes[0][0]] if cut and changes else damaged))
    except HostileLayer as error:
        assert "refused" in str(error)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=2000))
def test_any_bytes_in_an_extended_header_are_read_or_refused(content: bytes) -> None:
    try:
        found = entries(extended(content) + block() + END)
    except HostileLayer:
        return
    assert len(found) == 1


RECORDS = st.dictionaries(
    st.sampled_from([
        b"path", b"linkpath", b"size", b"uid", b"gid", b"mtime", b"SCHILY.xattr.user.x", b"LIBARCHIVE.xattr.user.x",
        b"GNU.sparse.major", b"GNU.sparse.minor", b"GNU.sparse.map", b"GNU.sparse.size", b"GNU.sparse.realsize",
        b"GNU.sparse.name", b"comment", b"hdrcharset",
    ]),
    st.one_of(st.integers(-10, 10**25).map(lambda number: b"%d" % number), st.binary(max_size=40), st.just(b"0,0,0,0")),
)  # fmt: skip


def record(key: bytes, value: bytes) -> bytes:
    for length in range(len(key) + len(value) + 3, len(key) + len(value) + 12):
        text = b"%d %b=%b\n" % (length, key, value)
        if len(text) == length:
            return text
    raise AssertionError


@settings(deadline=None, max_examples=300)
@given(records=RECORDS, kind=st.sampled_from([b"x", b"g"]))
def test_any_values_in_an_extended_header_are_read_or_refused(records: dict[bytes, bytes], kind: bytes) -> None:
    content = b"".join(record(key, value) for key, value in records.items())
    try:
        found = entries(extended(content, kind) + block(size=b"00000001000\0") + bytes(512) + END)
    except HostileLayer:
        return
    assert all(entry.size >= 0 and entry.length >= 0 for entry in found)


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"x" * 512, "checksum"),
        (block()[:-1] + b"x" + END, "checksum"),
        (block(size=b"\xff" * 12) + END, "negative size"),
        (block(size=b"\x80" + b"\xff" * 11) + END, "take more than"),
        (block(size=b"zzzzzzzzzzz\0") + END, "number"),
        (block(size=b"-0000000001\0") + END, "number"),
        (block(size=b"1_0\0\0\0\0\0\0\0\0\0") + END, "number"),
        (block(uid=b"\x80" + b"\xff" * 7) + END, "uid"),
        (block(gid=b"\xff" * 8) + END, "gid"),
        (block(kind=b"M") + END, "unknown kind"),
        (block(size=b"00000001000\0") + bytes(100), "truncated"),
        (block() + bytes(512) + block(b"late"), "follows the end"),
        (block()[:300], "truncated"),
        (extended(b"x" * 600) + block() + END, "record"),
        (extended(b"99 path=a\n") + block() + END, "as long"),
        (extended(b"0 path=a\n") + block() + END, "as long"),
        (extended(record(b"size", b"-5")) + block() + END, "size"),
        (extended(record(b"uid", b"4294967295")) + block() + END, "uid"),
        (extended(record(b"mtime", b"nan")) + block() + END, "mtime"),
        (extended(record(b"path", b"a\0b")) + block() + END, "zero byte"),
        (extended(record(b"LIBARCHIVE.xattr.user.x", b"!")) + block() + END, "base64"),
        (extended(record(b"GNU.sparse.map", b"0,5,3,5") + record(b"GNU.sparse.size", b"9")) + block() + END, "overlap"),
        (extended(record(b"GNU.sparse.map", b"0,5") + record(b"GNU.sparse.size", b"9")) + block() + END, "fit"),
        (extended(record(b"GNU.sparse.map", b"0,5,9") + record(b"GNU.sparse.size", b"9")) + block() + END, "odd"),
        (extended(record(b"GNU.sparse.major", b"7")) + block() + END, "unknown"),
        (block(b"long", b"L", size=b"00010000001\0") + END, "extended header"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_archive_is_said(archive: bytes, reason: str) -> None:
    with pytest.raises(HostileLayer, match=reason):
        entries(archive)


def test_a_bomb_of_extended_headers_is_refused() -> None:
    with pytest.raises(HostileLayer, match="extended header"):
        entries(extended(record(b"comment", b"x" * (1 << 20))) + block() + END)
    many = b"".join(extended(record(b"k%d" % number, b"v" * 60_000), b"g") for number in range(20))
    with pytest.raises(HostileLayer, match="global headers"):
        entries(many + block() + END)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(entries=2), "2 entries"), (Limits(size=10), "10 bytes"), (Limits(length=7), "longer than 7")],
)
def test_limits_are_kept(limits: Limits, reason: str) -> None:
    with pytest.raises(HostileLayer, match=reason):
        entries(layer(file("a", b"12345678"), file("b", b"12345678"), file("c")), limits)


def test_headers_that_are_no_entries_count_too() -> None:
    with pytest.raises(HostileLayer, match="entries"):
        entries(extended(record(b"a", b"b")) * 50 + block() + END, Limits(entries=20))


def test_a_map_of_a_sparse_file_that_never_ends_is_refused() -> None:
    first = block(kind=b"S", magic=b"ustar  \0", rest=bytes(482 - 265) + b"\1" + b"00000000100\0")
    with pytest.raises(HostileLayer, match="too long"):
        entries(first + (bytes(504) + b"\1" + bytes(7)) * 5000, Limits(header=1 << 16))


def test_base_256_numbers_are_read() -> None:
    size = b"\x80" + (3).to_bytes(11, "big")
    found = entries(block(size=size, uid=b"\x80\0\0\0\xee\x6b\x28\0", mtime=b"\xff" * 11 + b"\xfe") + bytes(512) + END)
    assert (found[0].size, found[0].uid, found[0].mtime) == (3, 4_000_000_000, -2 * 10**9)


def test_a_folder_of_v7_is_one() -> None:
    assert entries(block(b"d/", b"\0", magic=bytes(8)) + END)[0].kind == b"5"


def test_a_links_size_means_nothing() -> None:
    found = entries(block(b"l", b"2", size=b"00000001000\0", link=b"t") + block(b"next") + END)
    assert [entry.name for entry in found] == [b"l", b"next"]


def test_long_names_of_gnu_hold_for_one_entry() -> None:
    name = b"n" * 300
    long = block(b"././@LongLink", b"L", size=b"%011o\0" % 301, magic=b"ustar  \0") + name + bytes(212)
    found = entries(long + block(b"short") + block(b"other") + END)
    assert [entry.name for entry in found] == [name, b"other"]


def test_global_headers_hold_until_an_entrys_own() -> None:
    content = extended(record(b"uid", b"7"), b"g") + block() + extended(record(b"uid", b"8")) + block() + block() + END
    assert [entry.uid for entry in entries(content)] == [7, 8, 7]


def test_attributes_of_libarchive_are_read() -> None:
    content = extended(record(b"LIBARCHIVE.xattr.user.a%20b", b"AAE")) + block() + END
    assert entries(content)[0].xattrs == {b"user.a b": b"\0\1"}


def test_an_archive_may_end_without_an_end_mark() -> None:
    assert [entry.name for entry in entries(block(b"a"))] == [b"a"]
    assert [entry.name for entry in entries(block(b"a", size=b"00000000003\0") + b"abc")] == [b"a"]
    assert entries(b"") == []


@pytest.mark.parametrize("options", [["--format=gnu"], ["--format=posix", "--sparse-version=0.0"],
                                     ["--format=posix", "--sparse-version=0.1"],
                                     ["--format=posix", "--sparse-version=1.0"]])  # fmt: skip
def test_sparse_files_of_every_format_are_read(tmp_path: Path, options: list[str]) -> None:
    with open(tmp_path / "holes", "wb") as holes:
        for piece in range(60):
            holes.seek(piece * 100_000)
            holes.write(b"%d" % piece * 3000)
        holes.truncate(8_000_000)
    subprocess.run(["tar", "-C", str(tmp_path), *options, "-Scf", str(tmp_path / "a.tar"), "holes"], check=True)
    with open(tmp_path / "a.tar", "rb") as archive:
        found = contents(archive, tmp_path)
    assert found[b"holes"] == (tmp_path / "holes").read_bytes()


def test_a_part_of_a_file_is_an_archive_of_its_own(tmp_path: Path) -> None:
    large = os.urandom(1 << 20)
    inner = layer(file("a", b"1"), file("large", large), file("b", b"2")).read()
    (tmp_path / "outer").write_bytes(b"before" + inner + b"after" * 1000)
    with open(tmp_path / "outer", "rb") as outer:
        found = contents(region(outer.fileno(), 6, len(inner)), tmp_path)
        assert outer.tell() == 0
        assert found == {b"a": b"1", b"large": large, b"b": b"2"}
        for length in (512, 1 << 19):
            with pytest.raises(HostileLayer, match="truncated"):
                contents(region(outer.fileno(), 6, length), tmp_path)
        assert region(outer.fileno(), 6, len(inner)).read() == inner


def test_reading_begins_where_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "outer").write_bytes(b"before" + layer(file("a", b"1")).read())
    with open(tmp_path / "outer", "rb") as outer:
        outer.read(6)
        assert [entry.name for entry in entries(outer)] == [b"a"]


@settings(deadline=None, max_examples=150)
@given(
    name=st.binary(min_size=1, max_size=300), link_target=st.binary(max_size=300), mtime=st.integers(-(2**62), 2**62)
)
def test_what_we_write_we_read(name: bytes, link_target: bytes, mtime: int) -> None:
    name, link_target = name.replace(b"\0", b"x"), link_target.replace(b"\0", b"x")
    status = os.stat_result((0o120777, 0, 0, 1, 3_000_000, 4_294_967_000, 0, 0, 0, 0), {"st_mtime_ns": mtime})
    content = header(name, b"2", status, link=link_target, xattrs={b"trusted.x": link_target})
    assert len(content) % 512 == 0
    entry = entries(content + END)[0]
    assert (entry.name, entry.link, entry.mtime) == (name, link_target, mtime)
    assert (entry.uid, entry.gid, entry.mode) == (3_000_000, 4_294_967_000, 0o777)
    assert entry.xattrs == {b"trusted.x": link_target}
