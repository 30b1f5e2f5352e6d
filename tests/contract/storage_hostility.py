"""Storage suite: archives that want out."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from backends.contract import StorageBackend
from backends.errors import HostileLayer
from tests.contract.layers import file, folder, hard_link, layer, link
from tests.contract.shown import A, B, Seen, StorageFixtures, assert_untouched


class HostilityContract(StorageFixtures):
    @pytest.mark.parametrize("name", ["../evil", "a/../../evil", "..", "a/..", "/../evil", "a/b/../c"])
    def test_a_name_that_climbs_is_hostile(self, store: StorageBackend, name: str, tmp_path: Path) -> None:
        with pytest.raises(HostileLayer, match=r"climbs"):
            store.apply(A, None, layer(folder("a"), file(name, b"x")))
        assert_untouched(store, tmp_path)

    def test_an_absolute_name_is_one_inside(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        store.apply(A, None, layer(file(f"{tmp_path}/evil", b"x")))
        assert (seen(A) / str(tmp_path).lstrip("/") / "evil").exists()
        assert not (tmp_path / "evil").exists()

    def test_no_link_leads_out(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        climb = "../" * 30 + str(outside).lstrip("/")
        store.apply(A, None, layer(link("abs", str(outside)), link("rel", climb), file("abs/evil"), file("rel/evil2")))
        store.apply(B, A, layer(file("abs/evil3"), folder("rel/evil4"), link("abs/l", "x"), hard_link("h", "rel/evil")))
        assert os.listdir(outside) == []
        inside = seen(B) / str(outside).lstrip("/")
        assert sorted(os.listdir(inside)) == ["evil", "evil2", "evil3", "evil4", "l"]

    def test_a_folder_replaced_by_a_link_leads_nowhere_else(self, store: StorageBackend, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        store.apply(
            A, None, layer(folder("d"), file("d/x"), link("d", str(outside)), file("d/evil"), folder("d", mode=0o777))
        )
        assert os.listdir(outside) == []
        assert outside.stat().st_mode & 0o777 != 0o777

    @pytest.mark.parametrize("target", ["../../etc/passwd", "nothing", "d", ".", "", "/etc/passwd", "loop/x"])
    def test_a_hard_link_to_nothing_inside_is_hostile(self, store: StorageBackend, target: str, tmp_path: Path) -> None:
        with pytest.raises(HostileLayer):
            store.apply(A, None, layer(folder("d"), link("loop", "loop"), hard_link("evil", target)))
        assert_untouched(store, tmp_path)

    def test_an_entry_below_a_file_is_hostile(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(B, None, layer(file("f")))
        for parent in (None, B):
            with pytest.raises(HostileLayer):
                store.apply(A, parent, layer(*([] if parent else [file("f")]), file("f/x")))
        store.remove(B)
        assert_untouched(store, tmp_path)

    def test_an_entry_below_a_loop_of_links_is_hostile(self, store: StorageBackend) -> None:
        with pytest.raises(HostileLayer):
            store.apply(A, None, layer(link("a", "b"), link("b", "a"), file("a/x")))

    def test_the_root_is_no_file(self, store: StorageBackend) -> None:
        for entry in (file("."), link("./", "/etc"), hard_link("/", "x")):
            with pytest.raises(HostileLayer):
                store.apply(A, None, layer(file("x"), entry))

    @pytest.mark.parametrize("attribute", ["trusted.overlay.opaque", "trusted.overlay.redirect", "user.overlay.origin"])
    def test_attributes_of_overlay_are_hostile(self, store: StorageBackend, attribute: str) -> None:
        with pytest.raises(HostileLayer, match=attribute):
            store.apply(A, None, layer(folder("d", xattrs={attribute: b"y"})))

    @pytest.mark.parametrize("name", ["n" * 256, "d/" * 2100 + "f", "a\0b"])
    def test_a_name_that_no_file_can_have_is_hostile(self, store: StorageBackend, name: str) -> None:
        entry = file("x")
        entry[0].pax_headers = {"path": name}
        with pytest.raises(HostileLayer):
            store.apply(A, None, layer(entry))

    def test_a_truncated_archive_leaves_nothing(self, store: StorageBackend, tmp_path: Path) -> None:
        whole = layer(file("a", b"1" * 3000), file("b", b"2" * 3000)).read()
        for length in (100, 700, 2000, 5000, 6200):
            with pytest.raises(HostileLayer, match="truncated"):
                store.apply(A, None, io.BytesIO(whole[:length]))
        assert_untouched(store, tmp_path)

    def test_an_error_of_the_archives_source_leaves_nothing(self, store: StorageBackend, tmp_path: Path) -> None:
        class Broken(io.RawIOBase):
            def readinto(self, buffer: object) -> int:
                raise ValueError("the digest is wrong")

            def readable(self) -> bool:
                return True

        with pytest.raises(ValueError, match="digest"):
            store.apply(A, None, io.BufferedReader(Broken()))
        assert_untouched(store, tmp_path)
