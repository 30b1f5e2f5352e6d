from __future__ import annotations

import os

import pytest

from runtime.errors import Damaged, InUse, InvalidInput, UnknownVolume
from runtime.paths import Paths
from runtime.volumes.volume import VolumeStore


@pytest.fixture
def store(tmp_path: os.PathLike[str]) -> VolumeStore:
    paths = Paths(f"{tmp_path}/root", f"{tmp_path}/state")
    paths.prepare()
    return VolumeStore(paths)


def test_a_volume_is_an_empty_folder_with_a_name(store: VolumeStore) -> None:
    volume = store.ensure("data", {"a": "b"})
    assert os.listdir(volume.folder) == []
    assert (volume.name, volume.labels, volume.anonymous) == ("data", {"a": "b"}, False)


def test_making_it_again_finds_it_as_it_is(store: VolumeStore) -> None:
    first = store.ensure("data", {"a": "b"})
    open(f"{first.folder}/file", "w").close()
    assert store.ensure("data") == first
    assert os.listdir(first.folder) == ["file"]


def test_one_without_a_name_gets_one_and_is_anonymous(store: VolumeStore) -> None:
    first, second = store.ensure(), store.ensure()
    assert first.anonymous
    assert first.name != second.name


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "-x", "a b", "é", "x" * 256])
def test_a_name_that_could_be_a_path_is_refused(store: VolumeStore, name: str) -> None:
    with pytest.raises(InvalidInput):
        store.ensure(name)
    with pytest.raises(InvalidInput):
        store.find(name)


def test_another_driver_is_refused(store: VolumeStore) -> None:
    with pytest.raises(InvalidInput, match="nfs"):
        store.ensure("data", driver="nfs")


def test_volumes_are_listed_by_name(store: VolumeStore) -> None:
    for name in ("b", "a"):
        store.ensure(name)
    assert [volume.name for volume in store.list()] == ["a", "b"]


def test_a_removed_volume_is_gone_with_what_it_held(store: VolumeStore) -> None:
    volume = store.ensure("data")
    open(f"{volume.folder}/file", "w").close()
    store.remove("data")
    assert store.list() == ()
    assert os.listdir(store.folder) == []


def test_one_in_use_is_not_removed(store: VolumeStore) -> None:
    store.ensure("data")
    with pytest.raises(InUse, match="web"):
        store.remove("data", ["web"])


def test_an_unknown_one_is_an_error_unless_forced(store: VolumeStore) -> None:
    with pytest.raises(UnknownVolume):
        store.remove("data")
    store.remove("data", force=True)


def test_pruning_spares_names_and_what_is_used(store: VolumeStore) -> None:
    store.ensure("named")
    used, unused = store.ensure(), store.ensure()
    assert store.prune({used.name})[0] == (unused.name,)
    assert {volume.name for volume in store.list()} == {"named", used.name}
    assert store.prune({used.name}, all_=True)[0] == ("named",)


def test_what_a_kill_left_is_removed_by_repair(store: VolumeStore) -> None:
    os.makedirs(f"{store.folder}/.new-1/data")
    os.makedirs(f"{store.folder}/.gone-2/data")
    store.ensure("data")
    assert len(store.repair()) == 2
    assert os.listdir(store.folder) == ["data"]


def test_a_damaged_record_is_told_and_not_listed(store: VolumeStore) -> None:
    store.ensure("data")
    with open(f"{store.folder}/data/volume.json", "w") as file:
        file.write("{")
    assert store.list() == ()
    with pytest.raises(Damaged):
        store.find("data")
