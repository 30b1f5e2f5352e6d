from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from arch import btrfs
from backends.storage.btrfs import BtrfsStorage
from tests.contract.disks import btrfs_disk
from tests.contract.layers import file, folder, layer
from tests.contract.shown import Seen
from tests.contract.storage import A, C, StorageContract


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with btrfs_disk(tmp_path_factory.mktemp("btrfs")) as top:
        yield top


@pytest.fixture
def tmp_path(disk: Path) -> Path:
    """On btrfs."""
    path = disk / str(len(os.listdir(disk)))
    path.mkdir()
    return path


def subvolume(path: Path) -> None:
    at = os.open(path.parent, os.O_RDONLY)
    try:
        btrfs.create(at, os.fsencode(path.name))
    finally:
        os.close(at)


def subvolumes(top: Path) -> list[str]:
    return [path for path, _, _ in os.walk(top) if os.lstat(path).st_ino == btrfs.ROOT]


class TestBtrfs(StorageContract):
    backend = BtrfsStorage
    too_many = 400

    def small_disk(self, folder: Path) -> AbstractContextManager[Path]:
        return btrfs_disk(folder, 24 << 20, "--mixed")

    def test_a_layer_is_a_subvolume_and_shares_what_it_has_not_changed(
        self, store: BtrfsStorage, seen: Seen, tmp_path: Path
    ) -> None:
        store.apply(A, None, layer(folder("d"), file("d/f", os.urandom(1 << 20)), file("g", b"x" * 100_000)))
        store.create(C, A)
        top = seen(C)
        assert top.stat().st_ino == btrfs.ROOT
        assert store.usage(C) < 100_000 < store.usage(A)
        (top / "g").write_bytes(os.urandom(200_000))
        os.sync()
        assert 200_000 <= store.usage(C) < 400_000

    def test_subvolumes_that_a_container_made_go_with_it(self, store: BtrfsStorage, seen: Seen, tmp_path: Path) -> None:
        store.apply(A, None, layer(folder("d")))
        store.create(C, A)
        top = seen(C)
        subvolume(top / "d/one")
        subvolume(top / "d/one/two")
        (top / "d/one/two/f").write_bytes(b"x")
        assert ("A", "/d/one/two/f") in store.changes(C)
        seen.forget(C)
        store.remove(C)
        assert subvolumes(tmp_path) == [str(tmp_path / "store/layers" / A / "tree")]

    def test_subvolumes_too_deep_to_be_looked_for_go_too(self, store: BtrfsStorage, seen: Seen, tmp_path: Path) -> None:
        store.create(C, None)
        at = os.open(seen(C), os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d" * 10, dir_fd=at)
            inner = os.open("d" * 10, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = inner
        btrfs.create(at, b"deep")
        os.close(at)
        seen.forget(C)
        store.remove(C)
        assert store.layers() == {}
        assert os.listdir(tmp_path / "store/making") == []

    def test_a_folder_that_took_anothers_place_is_compared_anew(self, store: BtrfsStorage, seen: Seen) -> None:
        store.apply(A, None, layer(folder("a"), file("a/f", b"1"), folder("b"), file("b/f", b"2")))
        store.create(C, A)
        top = seen(C)
        os.rename(top / "a", top / "keep")
        os.rename(top / "b", top / "a")
        os.rename(top / "keep", top / "b")
        assert list(store.changes(C)) == [("C", "/a"), ("C", "/a/f"), ("C", "/b"), ("C", "/b/f")]
