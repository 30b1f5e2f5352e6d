"""How the one file is put together; tests/ci/test_launcher.py starts some."""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from pathlib import Path

import pytest

from ci import bundle, interpreter


def a_tree(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").write_bytes(b"program")
    (folder / "bin/python").chmod(0o755)
    (folder / "library").write_bytes(b"text")
    return folder


def test_the_same_content_makes_the_same_archive_whenever_it_was_written(tmp_path: Path) -> None:
    first, second = a_tree(tmp_path / "first"), a_tree(tmp_path / "second")
    os.utime(second / "library", (1, 1))
    assert bundle.pack(str(first)) == bundle.pack(str(second))


def test_an_archive_keeps_names_content_and_who_may_execute(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle.pack(str(a_tree(tmp_path / "tree"))))) as archive:
        found = {member.name: (member.isdir(), member.mode) for member in archive}
    assert found == {"bin": (True, 0o755), "bin/python": (False, 0o755), "library": (False, 0o644)}


def test_what_the_launcher_cannot_unpack_is_not_packed(tmp_path: Path) -> None:
    tree = a_tree(tmp_path / "tree")
    (tree / "link").symlink_to("library")
    with pytest.raises(bundle.TooLong, match="link"):
        bundle.pack(str(tree))


def test_a_name_that_the_launcher_cannot_read_is_not_packed(tmp_path: Path) -> None:
    tree = a_tree(tmp_path / "tree")
    (tree / ("x" * 100)).touch()
    with pytest.raises(bundle.TooLong, match="xxx"):
        bundle.pack(str(tree))


def test_the_trailer_says_where_the_archive_is() -> None:
    content = bundle.join(b"launcher", b"archive")
    magic, key, offset, size, crc, _ = bundle.TRAILER.unpack(content[-bundle.TRAILER.size :])
    assert (magic, content[offset : offset + size], offset % 4096) == (bundle.MAGIC, b"archive", 0)
    assert (len(key), crc) == (32, zlib.crc32(b"archive"))


def test_another_archive_has_another_key() -> None:
    def key(archive: bytes) -> object:
        return bundle.TRAILER.unpack(bundle.join(b"", archive)[-bundle.TRAILER.size :])[1]

    assert key(b"one") != key(b"two")


def test_a_placeholder_has_room_for_every_folder_that_the_launcher_takes() -> None:
    text = interpreter.placeholder("lib/ld.so")
    assert len(text) == interpreter.ROOM - 1
    assert text.startswith(interpreter.MARK + "/")
    assert text.endswith("/lib/ld.so")


@pytest.mark.parametrize("name", ["MARK", "ROOM"])
def test_the_launcher_knows_the_same_placeholder(name: str) -> None:
    with open(f"{bundle.ROOT}/ci/launcher.c", encoding="ascii") as file:
        (line,) = (line for line in file if line.startswith(f"#define {name} "))
    value = getattr(interpreter, name)
    assert line.split(maxsplit=2)[2].startswith(f'"{value}"' if isinstance(value, str) else str(value))


@pytest.mark.parametrize("suite", interpreter.PYTHONS)
def test_every_suite_names_its_packages(suite: str) -> None:
    assert f"python{interpreter.PYTHONS[suite]}-minimal" in interpreter.names_of(suite)
