from __future__ import annotations

import os
from pathlib import Path

import pytest

from backends.storage.overlay import OverlayStorage
from runtime import records
from runtime.errors import Ambiguous, Conflict, Damaged, InUse, InvalidInput, UnknownImage
from runtime.images import catalogue
from runtime.images.store import ImageStore
from runtime.paths import Paths
from tests.runtime.images.builders import Made, docker_files, layer, sha256, write
from tests.runtime.images.conftest import Store

pytestmark = pytest.mark.live

BASE, TOP, OTHER = layer(base="one"), layer(top="two"), layer(other="three")


@pytest.fixture
def loaded(store: Store, tmp_path: Path) -> Store:
    """a:1 and b:1, which stands on a's layer."""
    files = docker_files(Made([BASE], ["a:1"]), Made([BASE, TOP], ["b:1"]))
    store.load(write(tmp_path / "images.tar", files))
    return store


def test_an_image_is_found_by_everything_that_names_it(loaded: Store) -> None:
    image = loaded.find("b:1")
    texts = (image.id, image.id[7:], image.id[7:20], image.id[:20], "docker.io/library/b:1", f"b@{image.manifest}")
    assert {loaded.find(text).id for text in texts} == {image.id}


@pytest.mark.parametrize("text", ["nothing", "a:2", "a", "0123456789ab", "sha256:" + "0" * 64, "quay.io/a:1"])
def test_an_unknown_image_is_told_how_to_get_one(loaded: Store, text: str) -> None:
    with pytest.raises(UnknownImage) as caught:
        loaded.find(text)
    assert text in str(caught.value)
    assert "load" in caught.value.hint


def test_a_beginning_that_fits_several_is_ambiguous(loaded: Store) -> None:
    with catalogue.Editing(loaded.paths) as known:
        entry = next(iter(known.images.values()))
        for end in "01":
            known.images["sha256:" + "ab" * 31 + "a" + end] = entry
    with pytest.raises(Ambiguous):
        loaded.find("abab")


def test_a_tag_is_another_name_for_the_same(loaded: Store) -> None:
    loaded.tag("a:1", "quay.io/mine/c")
    assert loaded.find("quay.io/mine/c:latest").id == loaded.find("a:1").id
    assert loaded.find("a:1").references == ["a:1", "quay.io/mine/c:latest"]


def test_a_tag_moves_a_name(loaded: Store) -> None:
    loaded.tag("a:1", "b:1")
    assert loaded.find("b:1").id == loaded.find("a:1").id
    assert [image.references for image in loaded.list() if not image.references] == [[]]


@pytest.mark.parametrize("name", ["A:1", "@host", "", "a@" + sha256(b"")])
def test_a_bad_new_name_is_refused(loaded: Store, name: str) -> None:
    with pytest.raises(InvalidInput):
        loaded.tag("a:1", name)


def test_removing_a_name_keeps_an_image_that_has_another(loaded: Store) -> None:
    loaded.tag("a:1", "c:1")
    assert loaded.remove("c:1") == ["Untagged: c:1"]
    assert loaded.find("a:1")


def test_removing_the_last_name_removes_the_image_and_what_only_it_needed(loaded: Store) -> None:
    identifier = loaded.find("b:1").id
    assert loaded.remove("b:1") == ["Untagged: b:1", f"Deleted: {identifier}"]
    assert loaded.content("a:1") == {"base": "one"}
    assert len(loaded.storage.layers()) == 1
    loaded.remove("a:1")
    assert loaded.leftovers() == []


def test_a_shared_layer_outlives_the_image_that_brought_it(loaded: Store) -> None:
    loaded.remove("a:1")
    assert loaded.content("b:1") == {"base": "one", "top": "two"}


def test_an_image_of_several_names_is_removed_by_identifier_only_with_force(loaded: Store) -> None:
    loaded.tag("a:1", "c:1")
    identifier = loaded.find("a:1").id
    with pytest.raises(Conflict, match="a:1, c:1"):
        loaded.remove(identifier[7:19])
    assert loaded.remove(identifier, force=True)[-1] == f"Deleted: {identifier}"


def test_an_image_in_use_stays(loaded: Store) -> None:
    image = loaded.find("a:1")
    loaded.in_use = {image.id: "web"}
    with pytest.raises(InUse, match="web"):
        loaded.remove("a:1")
    assert loaded.find("a:1").references == ["a:1"]
    assert loaded.remove("a:1", force=True) == ["Untagged: a:1"]
    assert loaded.find(image.id).references == []
    with pytest.raises(InUse):
        loaded.remove(image.id, force=True)


def test_a_container_s_layer_is_never_garbage(loaded: Store) -> None:
    container = "c" * 64
    loaded.storage.create(container, loaded.find("b:1").chain)
    loaded.remove("b:1")
    assert container in loaded.storage.layers()
    assert len(loaded.storage.layers()) == 3
    loaded.storage.remove(container)
    loaded.repair()
    assert len(loaded.storage.layers()) == 1


def test_pruning_removes_what_has_no_name(loaded: Store) -> None:
    identifier = loaded.find("b:1").id
    loaded.tag("a:1", "b:1")
    assert loaded.prune() == [f"Deleted: {identifier}"]
    assert [image.references for image in loaded.list()] == [["a:1", "b:1"]]


def test_pruning_everything_spares_what_containers_stand_on(loaded: Store) -> None:
    loaded.in_use = {loaded.find("a:1").id: "web"}
    lines = loaded.prune(everything=True)
    assert "Untagged: b:1" in lines
    assert [image.references for image in loaded.list()] == [["a:1"]]


def test_what_a_killed_load_left_is_swept_up(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "image.tar", docker_files(Made([BASE, TOP], ["a:1"])))
    child = os.fork()
    if child == 0:
        try:
            store.paths = Paths(store.paths.root, store.paths.state)
            catalogue.Editing.__exit__ = lambda *_: os._exit(9)  # type: ignore[method-assign]
            store.load(path)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len(store.storage.layers()) == 2
    with open(f"{store.paths.blobs}/incoming/half", "w") as half:
        half.write("x")
    assert any("belonged to no image" in line for line in store.repair())
    assert store.leftovers() == []


def test_images_are_unpacked_again_into_another_storage(loaded: Store, tmp_path: Path) -> None:
    again = ImageStore(loaded.paths, OverlayStorage(str(tmp_path / "other")))
    chain = again.find("b:1").chain
    assert chain in again.storage.layers()


def test_an_altered_blob_is_noticed_when_it_is_unpacked_again(loaded: Store, tmp_path: Path) -> None:
    with open(loaded.blobs.path(sha256(TOP)), "r+b") as blob:
        blob.seek(600)
        blob.write(b"x")
    again = ImageStore(loaded.paths, OverlayStorage(str(tmp_path / "other")))
    with pytest.raises(Damaged):
        again.find("b:1")
    assert loaded.find("b:1").chain not in again.storage.layers()


def test_a_missing_blob_says_to_load_again(loaded: Store) -> None:
    image = loaded.find("a:1")
    os.unlink(loaded.blobs.path(image.id))
    with pytest.raises(Damaged, match="missing") as caught:
        loaded.find("a:1")
    assert "load" in caught.value.hint


@pytest.mark.parametrize("record", [{}, {"images": {}, "references": []}, {"images": {"x": {}}, "references": {}}])
def test_a_damaged_catalogue_is_told_with_its_path(loaded: Store, record: dict[str, object]) -> None:
    records.store(loaded.paths.references, record, catalogue.SCHEMA)
    with pytest.raises(Damaged, match=r"references\.json"):
        loaded.list()


def test_history_has_sizes_and_the_layers_without_any(store: Store, tmp_path: Path) -> None:
    history = [
        {"created_by": "base"},
        {"created_by": "env", "empty_layer": True},
        {"created_by": "top"},
    ]
    store.load(write(tmp_path / "image.tar", docker_files(Made([BASE, TOP], extra={"history": history}))))
    rows = store.history("made:1")
    assert [(row["CreatedBy"], row["Size"]) for row in rows] == [("top", 3), ("env", 0), ("base", 3)]
    assert rows[0]["Tags"] == ["made:1"]


def test_history_that_contradicts_the_layers_is_not_believed(store: Store, tmp_path: Path) -> None:
    store.load(write(tmp_path / "image.tar", docker_files(Made([BASE], extra={"history": [{}, {}, {}]}))))
    assert [row["Size"] for row in store.history("made:1")] == [3]


def test_inspect_has_docker_s_shape(loaded: Store) -> None:
    shown = loaded.inspect("b:1")
    image = loaded.find("b:1")
    assert shown["Id"] == image.id
    assert shown["RepoTags"] == ["b:1"]
    assert shown["RepoDigests"] == [f"b@{image.manifest}"]
    assert shown["RootFS"] == {"Type": "layers", "Layers": [sha256(BASE), sha256(TOP)]}
    assert shown["Config"]["Cmd"] == ["/bin/sh"]
    assert shown["GraphDriver"]["Name"] == "overlay"
    assert shown["Size"] == 6


def test_loads_at_the_same_time_do_not_disturb_each_other(store: Store, tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{number}.tar", docker_files(Made([BASE, layer(own=str(number))], [f"n:{number}"])))
        for number in range(4)
    ]
    children = []
    for path in paths:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.load(path)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert [store.content(f"n:{number}")["own"] for number in range(4)] == ["0", "1", "2", "3"]
    assert len(store.storage.layers()) == 5


def test_newer_images_come_first(store: Store, tmp_path: Path) -> None:
    images = [Made([BASE], [f"n:{year}"], extra={"created": f"{year}-01-01T00:00:00Z"}) for year in (2001, 2020, 1999)]
    store.load(write(tmp_path / "images.tar", docker_files(*images)))
    assert [image.references for image in store.list()] == [["n:2020"], ["n:2001"], ["n:1999"]]


def test_a_name_taken_over_by_another_load_leaves_the_old_image_nameless(loaded: Store, tmp_path: Path) -> None:
    old = loaded.find("a:1").id
    loaded.load(write(tmp_path / "new.tar", docker_files(Made([OTHER], ["a:1"]))))
    assert loaded.find("a:1").id != old
    assert loaded.find(old).names == []


def test_names_with_a_digest_find_only_their_repository(loaded: Store) -> None:
    manifest = loaded.find("a:1").manifest
    with pytest.raises(UnknownImage):
        loaded.find(f"b@{manifest}")
