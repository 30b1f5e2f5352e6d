"""Storage suite: what a layer hides of those below, and what it leaves unsaid."""

from __future__ import annotations

import os

import pytest

from backends.contract import StorageBackend
from backends.errors import HostileLayer
from tests.contract.layers import device, file, folder, layer, link, opaque, whiteout
from tests.contract.shown import A, B, C, Seen, StorageFixtures, status_of


class WhiteoutsContract(StorageFixtures):
    def test_whiteouts_hide_files_and_folders_of_parents(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("f"), folder("d"), file("d/x"), folder("e"), file("e/x"), file("e/y")))
        store.apply(B, A, layer(whiteout("f"), whiteout("d"), whiteout("e/x"), whiteout("never")))
        top = seen(B)
        assert sorted(os.listdir(top)) == ["e"]
        assert os.listdir(top / "e") == ["y"]

    def test_an_opaque_folder_shows_nothing_of_its_parents(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/old"), folder("d/in"), file("d/in/old")))
        store.apply(B, A, layer(folder("d"), file("d/new"), opaque("d"), folder("d/in"), file("d/in/new")))
        assert sorted(os.listdir(seen(B) / "d")) == ["in", "new"]
        assert os.listdir(seen(B) / "d/in") == ["new"]

    def test_an_opaque_root_shows_nothing_of_its_parents(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/old"), file("f")))
        store.apply(B, A, layer(opaque(""), file("new")))
        store.create(C, B)
        assert os.listdir(seen(C)) == ["new"]

    def test_a_whiteout_hides_nothing_of_its_own_layer(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/old"), file("f", b"old"), file("g", b"old")))
        store.apply(B, A, layer(folder("d"), file("d/new"), whiteout("d"), file("f", b"new"), whiteout("f"),
                                whiteout("g"), file("g", b"new")))  # fmt: skip
        top = seen(B)
        assert os.listdir(top / "d") == ["new"]
        assert (top / "f").read_bytes() == b"new"
        assert (top / "g").read_bytes() == b"new"

    def test_a_folder_after_its_whiteout_begins_empty(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/old"), folder("e"), file("e/old")))
        store.apply(B, A, layer(whiteout("d"), folder("d"), file("d/new"), whiteout("e"), file("e/new")))
        assert os.listdir(seen(B) / "d") == ["new"]
        assert os.listdir(seen(B) / "e") == ["new"]

    def test_overlays_own_whiteouts_in_an_archive_are_whiteouts(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("f"), file("g")))
        store.apply(B, A, layer(device("f", 0, 0)))
        assert os.listdir(seen(B)) == ["g"]

    def test_whiteouts_in_a_first_layer_mean_nothing(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("f"), whiteout("f"), whiteout("g"), opaque("")))
        assert os.listdir(seen(A)) == ["f"]

    def test_bookkeeping_of_aufs_is_left_out(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs"), file("f")))
        assert os.listdir(seen(A)) == ["f"]

    @pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "d/.wh.", ".wh.x/y", "a/.wh.b/c"])
    def test_a_whiteout_of_nothing_is_hostile(self, store: StorageBackend, name: str) -> None:
        with pytest.raises(HostileLayer):
            store.apply(A, None, layer(folder("a"), folder("d"), file(name)))
        assert store.layers() == {}

    def test_a_file_replaces_a_folder_and_a_folder_a_file(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/x"), file("f"), link("l", "d")))
        store.apply(B, A, layer(file("d", b"file"), folder("f"), file("f/y"), folder("l"), file("l/z")))
        top = seen(B)
        assert (top / "d").read_bytes() == b"file"
        assert os.listdir(top / "f") == ["y"]
        assert os.listdir(top / "l") == ["z"]
        assert os.listdir(seen(A) / "d") == ["x"]

    def test_the_last_of_several_entries_counts(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("f", b"1"), folder("f"), file("f/x"), file("f", b"3"), folder("d"),
                                   file("d/x", b"1"), folder("d", mode=0o700), file("d/x", b"2")))  # fmt: skip
        top = seen(A)
        assert (top / "f").read_bytes() == b"3"
        assert (top / "d/x").read_bytes() == b"2"
        assert (top / "d").stat().st_mode & 0o777 == 0o700

    def test_a_file_below_a_link_lands_where_the_link_leads(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("usr"), folder("usr/bin"), link("bin", "usr/bin"), file("bin/a", b"1")))
        store.apply(B, A, layer(file("bin/b", b"2")))
        for name, content in (("a", b"1"), ("b", b"2")):
            assert (seen(B) / "usr/bin" / name).read_bytes() == content
        assert (seen(B) / "bin").is_symlink()

    def test_a_folder_that_only_a_parent_mentions_keeps_its_attributes(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d", mode=0o700, uid=5, mtime=9, xattrs={"user.x": b"y"}), file("d/old")))
        store.apply(B, A, layer(file("d/new")))
        top = seen(B) / "d"
        assert status_of(top) == (0o700, 5, 0, 9 * 10**9)
        assert os.getxattr(top, "user.x") == b"y"
        assert sorted(os.listdir(top)) == ["new", "old"]

    def test_a_folder_that_nobody_mentions_is_an_ordinary_one(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("x/y/z", b"1")))
        assert status_of(seen(A) / "x/y")[:3] == (0o755, 0, 0)
