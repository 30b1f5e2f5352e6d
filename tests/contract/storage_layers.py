"""Storage suite: layers, what stands on what, and their removal."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from backends.contract import StorageBackend
from backends.errors import LayerExists, StorageError, UnknownLayer
from tests.contract.layers import file, folder, hard_link, layer, link
from tests.contract.shown import A, B, C, D, Seen, StorageFixtures


class LayersContract(StorageFixtures):
    def test_a_layer_shows_what_its_archive_holds(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("etc", mode=0o750), file("etc/hosts", b"127.0.0.1\n"), link("l", "etc")))
        top = seen(A)
        assert (top / "l/hosts").read_bytes() == b"127.0.0.1\n"
        assert (top / "etc").stat().st_mode & 0o7777 == 0o750
        assert store.layers() == {A: None}

    def test_apply_tells_how_many_bytes_its_files_have(self, store: StorageBackend) -> None:
        assert store.apply(A, None, layer(file("a", b"12345"), file("b", b"678"), hard_link("c", "a"))) == 8

    def test_a_layer_shows_what_its_parents_hold(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/one", b"1"), file("both", b"below")))
        store.apply(B, A, layer(folder("d"), file("d/two", b"2"), file("both", b"above")))
        top = seen(B)
        assert sorted(os.listdir(top / "d")) == ["one", "two"]
        assert (top / "both").read_bytes() == b"above"
        assert (seen(A) / "both").read_bytes() == b"below"
        assert store.layers() == {A: None, B: A}

    def test_a_writable_layer_keeps_what_is_written_and_its_image_is_as_before(
        self, store: StorageBackend, seen: Seen
    ) -> None:
        store.apply(A, None, layer(file("f", b"image")))
        store.create(C, A)
        store.create(D, A)
        (seen(C) / "f").write_bytes(b"container")
        assert (seen(D) / "f").read_bytes() == b"image"
        seen.forget(C)
        assert (seen(C) / "f").read_bytes() == b"container"
        assert (seen(A) / "f").read_bytes() == b"image"

    def test_a_writable_layer_needs_no_image(self, store: StorageBackend, seen: Seen) -> None:
        store.create(C, None)
        (seen(C) / "f").write_bytes(b"x")
        assert list(store.changes(C)) == [("A", "/f")]

    def test_an_image_layer_is_read_only(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        store.apply(A, None, layer(file("f")))
        with pytest.raises(OSError) as caught:
            (seen(A) / "f").write_bytes(b"x")
        assert caught.value.errno == errno.EROFS
        with pytest.raises(StorageError, match="read-only"):
            store.mount(A, str(tmp_path))

    def test_the_root_has_the_attributes_that_an_image_gives_it(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("./", mode=0o751, uid=7), file("f")))
        store.apply(B, A, layer(file("g")))
        store.create(C, B)
        for name in (A, B, C):
            status = seen(name).stat()
            assert (status.st_mode & 0o7777, status.st_uid) == (0o751, 7)

    def test_the_same_layer_twice_is_refused(self, store: StorageBackend) -> None:
        store.apply(A, None, layer(file("f", b"first")))
        with pytest.raises(LayerExists):
            store.apply(A, None, layer(file("f", b"second")))
        with pytest.raises(LayerExists):
            store.create(A, None)
        assert store.layers() == {A: None}

    def test_an_unknown_layer_is_an_error_of_its_own(self, store: StorageBackend, tmp_path: Path) -> None:
        for call in (
            lambda: store.mount(A, str(tmp_path)),
            lambda: store.create(B, A),
            lambda: store.apply(B, A, layer()),
            lambda: store.remove(A),
            lambda: store.usage(A),
            lambda: list(store.changes(A)),
        ):
            with pytest.raises(UnknownLayer):
                call()
        assert store.layers() == {}

    @pytest.mark.parametrize("name", ["", "..", "../" + "a" * 61, "A" * 64, "a" * 63, "a" * 63 + "/"])
    def test_what_is_no_layers_name_is_refused(self, store: StorageBackend, name: str) -> None:
        with pytest.raises(StorageError):
            store.create(name, None)

    def test_nothing_stands_on_a_layer_that_is_written_to(self, store: StorageBackend) -> None:
        store.create(C, None)
        with pytest.raises(StorageError, match="writable"):
            store.create(D, C)

    def test_layers_whose_names_begin_alike_stay_apart(self, store: StorageBackend, seen: Seen) -> None:
        names = ["a" * 20 + digit * 44 for digit in "123"]
        for name in names:
            store.apply(name, None, layer(file("who", name.encode())))
            store.create(name[::-1], name)
        for name in names:
            assert (seen(name[::-1]) / "who").read_bytes() == name.encode()

    def test_a_removed_layer_leaves_nothing(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(A, None, layer(folder("d", mode=0), file("d/f")))
        store.create(C, A)
        store.remove(C)
        store.remove(A)
        assert store.layers() == {}
        kept = [name for _, _, files in os.walk(tmp_path / "store") for name in files]
        assert sorted(kept) == sorted(self.kept)

    def test_a_layer_with_others_on_it_stays(self, store: StorageBackend) -> None:
        store.apply(A, None, layer(file("f")))
        store.create(C, A)
        with pytest.raises(StorageError, match=C):
            store.remove(A)
        assert set(store.layers()) == {A, C}

    def test_a_name_is_free_again_after_removal(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("f", b"old")))
        store.remove(A)
        store.apply(A, None, layer(file("f", b"new")))
        assert (seen(A) / "f").read_bytes() == b"new"

    def test_a_tree_deeper_than_any_path_is_removed(self, store: StorageBackend, seen: Seen) -> None:
        store.create(C, None)
        at = os.open(seen(C), os.O_RDONLY)
        for _ in range(self.deep):
            os.mkdir("d" * 10, dir_fd=at)
            inner = os.open("d" * 10, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = inner
        os.close(at)
        seen.forget(C)
        store.remove(C)
        assert store.layers() == {}

    def test_unmounting_what_is_not_mounted_is_no_error(self, store: StorageBackend, tmp_path: Path) -> None:
        store.create(C, None)
        target = tmp_path / "target"
        target.mkdir()
        store.unmount(C, str(target))
        store.unmount(C, str(tmp_path / "nothing"))

    def test_one_layer_may_be_mounted_for_reading_many_times(
        self, store: StorageBackend, seen: Seen, tmp_path: Path
    ) -> None:
        store.apply(A, None, layer(file("f", b"x")))
        containers = [f"{number:064x}" for number in range(8)]
        for name in containers:
            store.create(name, A)
        tops = [seen(name) for name in containers]
        for number, top in enumerate(tops):
            (top / "mine").write_text(str(number))
        assert [(top / "mine").read_text() for top in tops] == [str(number) for number in range(8)]
