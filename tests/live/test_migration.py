"""Moving images and containers from one storage backend to another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends import catalogue
from runtime import errors, migration
from runtime.engine import Engine
from runtime.settings import settle
from tests.contract.layers import file, folder, hard_link, layer, link, whiteout
from tests.contract.shown import tree_of
from tests.contract.storage_crashes import die_at_step

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


class Store:
    """A root of its own with two image layers, and a container that changed some of them."""

    def __init__(self, folder_: Path) -> None:
        self.settings = settle(str(folder_ / "root"), str(folder_ / "state"), environment={"RUNTIME_CONFIG": ""})
        self.paths = self.settings.paths
        self.paths.prepare()
        self.folder = folder_
        os.makedirs(self.paths.storages, exist_ok=True)
        store = catalogue.load("storage", "overlay")(self.paths.storage("overlay"))
        store.apply(A, None, layer(folder("./", mode=0o751), folder("d"), file("d/f", b"1" * 5000), file("g", b"g"),
                                   hard_link("h", "g"), file("gone")))  # fmt: skip
        store.apply(B, A, layer(whiteout("gone"), file("d/new", b"2"), link("l", "d"), file("g", b"other")))
        store.create(C, B)
        target = folder_ / "target"
        target.mkdir()
        store.mount(C, str(target))
        try:
            (target / "d/f").unlink()
            (target / "mine").write_bytes(b"container")
            os.link(target / "mine", target / "again")
            os.chown(target / "mine", 1234, 5)
            target.chmod(0o711)
        finally:
            store.unmount(C, str(target))
        self.record()
        self.trees = self.seen()

    def record(self) -> None:
        from runtime.containers import record as containers

        os.makedirs(self.paths.container(C))
        storage = {"backend": "overlay", "folder": self.paths.storage("overlay"), "layer": C}
        containers.store(
            self.paths,
            {"id": C, "name": "box", "phase": "created", "request": {}, "image": {"id": ""}, "storage": storage,
             "selections": {"storage": {"chosen": "overlay"}}, "auto_remove": False},
        )  # fmt: skip

    def engine(self) -> Engine:
        return Engine(self.settings)

    def seen(self) -> dict[str, object]:
        """Every layer's whole tree, wherever it is kept."""
        store = self.engine().storage()
        found: dict[str, object] = {}
        target = self.folder / "seen"
        target.mkdir(exist_ok=True)
        for name in store.layers():
            where = Path(store.mount(name, str(target), read_only=True))
            try:
                found[name] = tree_of(where)
            finally:
                store.unmount(name, str(target))
        return found


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    yield Store(tmp_path)
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def test_everything_is_the_same_in_another_backend(kept: Store) -> None:
    said: list[str] = []
    for name in ("copy", "overlay-single", "overlay-user", "overlay"):
        assert kept.engine().migrate(name, said.append) == 3
        assert os.listdir(kept.paths.storages) == [name]
        assert kept.engine().storage().name == name
        assert kept.seen() == kept.trees
        record = kept.engine().target(C).record
        assert record["storage"]["backend"] == record["selections"]["storage"]["chosen"] == name
        assert record["storage"]["folder"] == kept.paths.storage(name)
    assert "MiB are free" in said[0]


def test_a_backend_that_cannot_be_used_is_refused_with_its_reason(kept: Store) -> None:
    with pytest.raises(errors.Unsupported, match=r"the images stay in overlay.*aufs"):
        kept.engine().migrate("aufs")
    with pytest.raises(errors.Conflict, match="already"):
        kept.engine().migrate("overlay")
    assert kept.seen() == kept.trees


def test_room_is_asked_for_before_anything_is_written(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs

    def full(path: str) -> object:
        found = real(path)
        return os.statvfs_result([found[0], found[1], found[2], 1, 1, *found[5:]])

    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", full)
        with pytest.raises(errors.NoSpace, match="copy keeps them"):
            kept.engine().migrate("copy")
    assert os.listdir(kept.paths.storages) == ["overlay"]


def test_a_layer_that_comes_out_differently_stops_it(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migration, "_digest", lambda store, layer_: "another")
        with pytest.raises(errors.Damaged, match="not the same"):
            kept.engine().migrate("copy")
    assert os.listdir(kept.paths.storages) == ["overlay"]
    assert kept.seen() == kept.trees


def test_a_container_that_is_being_made_or_runs_stands_in_its_way(kept: Store) -> None:
    from runtime.containers import state

    held = state.lock(kept.paths, C)
    assert held.acquire()
    try:
        with pytest.raises(errors.Conflict, match="box"):
            kept.engine().migrate("copy")
    finally:
        held.release()


def test_others_are_told_while_it_goes_on(kept: Store) -> None:
    heard: list[str] = []

    def ask(text: str) -> None:
        if text.startswith("1/3"):
            try:
                kept.engine().storage()
            except errors.Conflict as error:
                heard.append(str(error))

    kept.engine().migrate("copy", ask)
    assert heard == ["the images are being moved to another storage backend"]


def test_killed_before_any_step_nothing_is_lost(kept: Store) -> None:
    step = 0
    names = ["copy", "overlay"]

    def migrate() -> None:
        kept.engine().migrate(names[0])

    while _dies(step, migrate):
        step += 7  # of some five hundred; over the rounds they differ
        assert kept.seen() == kept.trees
        assert len([name for name in os.listdir(kept.paths.storages) if not name.startswith(".")]) == 1
        if kept.engine().storage().name == names[0]:
            names.reverse()
    assert step > 100
    assert kept.seen() == kept.trees


def _dies(step: int, what: Callable[[], None]) -> bool:
    return die_at_step(step, what)
