from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from backends.errors import StorageError
from backends.storage.copy import CopyStorage
from tests.contract.disks import btrfs_disk
from tests.contract.layers import file, layer
from tests.contract.shown import B
from tests.contract.storage import A, C, StorageContract


class TestCopy(StorageContract):
    backend = CopyStorage


@pytest.mark.live
def test_a_writable_layer_needs_no_mount(tmp_path: Path) -> None:
    store = CopyStorage(str(tmp_path / "store"))
    store.create(C, None)
    assert store.mount(C, "/nowhere") == str(tmp_path / "store/layers" / C / "tree")
    assert not store.mounted(C)


@pytest.mark.live
def test_a_label_is_refused_for_lack_of_a_mount(tmp_path: Path) -> None:
    store = CopyStorage(str(tmp_path / "store"))
    store.create(C, None)
    with pytest.raises(StorageError, match="label"):
        store.mount(C, str(tmp_path), label="system_u:object_r:container_file_t:s0")


@pytest.mark.live
def test_a_layer_that_is_shown_is_not_removed(tmp_path: Path) -> None:
    stores = [CopyStorage(str(tmp_path / name)) for name in ("a store", "another")]
    for store in stores:
        store.apply(A, None, layer(file("f")))
    target = tmp_path / "target"
    target.mkdir()
    stores[0].mount(A, str(target), read_only=True)
    try:
        with pytest.raises(StorageError, match="is mounted"):
            stores[0].remove(A)
        stores[1].remove(A)
    finally:
        stores[0].unmount(A, str(target))
    stores[0].remove(A)


@pytest.fixture(scope="module")
def btrfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with btrfs_disk(tmp_path_factory.mktemp("reflinks")) as top:
        yield top


class TestCopyByReflinks(StorageContract):
    backend = CopyStorage
    too_many = 400

    @pytest.fixture
    def tmp_path(self, btrfs: Path) -> Path:
        path = btrfs / str(len(os.listdir(btrfs)))
        path.mkdir()
        return path

    def small_disk(self, folder: Path) -> AbstractContextManager[Path]:
        return btrfs_disk(folder, 24 << 20, "--mixed")


@pytest.mark.live
def test_what_a_container_costs_is_known_before_it_is_paid(tmp_path: Path, btrfs: Path) -> None:
    for folder, expected in ((tmp_path, 130_000), (btrfs / "costs", 0)):
        store = CopyStorage(str(folder / "store"))
        folder.mkdir(exist_ok=True)
        store.apply(A, None, layer(file("f", b"x" * 100_000)))
        store.apply(B, A, layer(file("g", b"x" * 30_000)))
        assert store.cost(B) == expected
