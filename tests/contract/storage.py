"""One suite for all storage backends: a backend's tests derive a class and name the backend."""

from __future__ import annotations

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISFIFO
from typing import Any, BinaryIO

import pytest

from arch import kernel
from backends.contract import StorageBackend
from backends.errors import HostileLayer, LayerExists, StorageError, UnknownLayer
from tests.contract.layers import device, fifo, file, folder, hard_link, layer, link, opaque, whiteout

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)

# security.capability, revision 2, cap_net_raw+ep
PING = bytes.fromhex("0100000200200000000000000000000000000000")


def tree_of(top: Path) -> dict[str, tuple[object, ...]]:
    """All that a layer has to keep, by path."""
    found: dict[str, tuple[object, ...]] = {}
    for here, folders, files in os.walk(top):
        for name in [*folders, *files, "."] if here == str(top) else [*folders, *files]:
            path = os.path.join(here, name)
            status = os.lstat(path)
            link_target = os.readlink(path) if os.path.islink(path) else ""
            content = Path(path).read_bytes() if os.path.isfile(path) and not link_target else b""
            attributes = {
                key: os.getxattr(path, key, follow_symlinks=False)
                for key in os.listxattr(path, follow_symlinks=False)
                if not key.startswith("trusted.overlay.")
            }
            found[os.path.relpath(path, top)] = (
                status.st_mode, status.st_uid, status.st_gid, status.st_rdev, link_target, content, str(attributes),
                0 if os.path.isdir(path) else status.st_mtime_ns,
            )  # fmt: skip
    return found


@pytest.mark.live
class StorageContract:
    """Derive, and say which: `backend = OverlayStorage`."""

    backend: type[StorageBackend]

    def make(self, folder: str) -> StorageBackend:
        return self.backend(folder)  # type: ignore[call-arg]

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[StorageBackend]:
        store = self.make(str(tmp_path / "store"))
        yield store
        assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(), "a test left a mount"

    @pytest.fixture
    def seen(self, store: StorageBackend, tmp_path: Path) -> Iterator[Seen]:
        seen = Seen(store, tmp_path)
        yield seen
        seen.close()

    # ------------------------------------------------------------------------------------------------- layers

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

    # ------------------------------------------------------------------------------------------------- removing

    def test_a_removed_layer_leaves_nothing(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(A, None, layer(folder("d", mode=0), file("d/f")))
        store.create(C, A)
        store.remove(C)
        store.remove(A)
        assert store.layers() == {}
        kept = [name for _, _, files in os.walk(tmp_path / "store") for name in files]
        assert kept == ["lock"]

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
        for _ in range(1500):
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

    # ------------------------------------------------------------------------------------------- kinds of things

    def test_owners_modes_and_times_are_kept(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(
            A,
            None,
            layer(
                folder("d", uid=1000, gid=2000, mode=0o2770, mtime=5),
                file("d/suid", uid=4_000_000_000, gid=5, mode=0o6755, mtime=1.25),
                link("d/link", "nowhere", uid=3, gid=4, mtime=7),
                file("old", mtime=-86400.5),
            ),
        )
        top = seen(A)
        assert status_of(top / "d") == (0o2770, 1000, 2000, 5 * 10**9)
        assert status_of(top / "d/suid") == (0o6755, 4_000_000_000, 5, 1_250_000_000)
        assert status_of(top / "d/link")[1:] == (3, 4, 7 * 10**9)
        assert status_of(top / "old")[3] == -86400_500_000_000

    def test_a_folder_keeps_its_time_whatever_comes_into_it_later(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d", mtime=5), folder("e", mtime=6), file("d/f"), file("e/f"), file("d/g")))
        store.apply(B, A, layer(file("d/h")))
        assert seen(A).joinpath("d").stat().st_mtime == 5
        assert seen(B).joinpath("d").stat().st_mtime == 5
        assert seen(B).joinpath("e").stat().st_mtime == 6

    def test_file_capabilities_and_attributes_are_kept(self, store: StorageBackend, seen: Seen) -> None:
        entries = (
            file("ping", b"x", uid=7, xattrs={"security.capability": PING, "user.note": b"\x00\xff"}),
            folder("d", xattrs={"user.on": b"folder", "trusted.mine": b"1"}),
        )
        store.apply(A, None, layer(*entries))
        store.create(C, A)
        top = seen(C)
        assert os.getxattr(top / "ping", "security.capability")[:4] == PING[:4]
        assert os.getxattr(top / "ping", "user.note") == b"\x00\xff"
        assert os.getxattr(top / "d", "user.on") == b"folder"
        assert os.getxattr(top / "d", "trusted.mine") == b"1"

    def test_devices_and_fifos_are_kept(self, store: StorageBackend, seen: Seen) -> None:
        block = device("disk", 7, 200)
        block[0].type = tarfile.BLKTYPE
        store.apply(A, None, layer(device("null", 1, 3, mode=0o666), block, fifo("pipe")))
        store.create(C, A)
        top = seen(C)
        assert S_ISCHR((top / "null").stat().st_mode)
        assert (top / "null").stat().st_rdev == os.makedev(1, 3)
        assert (top / "null").stat().st_mode & 0o777 == 0o666
        assert S_ISBLK((top / "disk").stat().st_mode)
        assert S_ISFIFO((top / "pipe").stat().st_mode)

    def test_hard_links_are_one_file(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("a", b"x"), hard_link("d/b", "./a"), hard_link("c", "/d/b"), link("l", "a"),
                                   hard_link("m", "l")))  # fmt: skip
        top = seen(A)
        assert len({(top / name).stat().st_ino for name in ("a", "d/b", "c")}) == 1
        assert os.readlink(top / "m") == "a"

    def test_a_hard_link_may_lead_to_a_file_of_a_parent(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/a", b"below", mode=0o600, uid=9)))
        store.apply(B, A, layer(hard_link("b", "d/a")))
        top = seen(B)
        assert (top / "b").read_bytes() == (top / "d/a").read_bytes() == b"below"
        assert (top / "b").stat().st_ino == (top / "d/a").stat().st_ino
        assert (top / "b").stat().st_uid == 9

    def test_a_sparse_file_of_5_gib_takes_little(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        with open(tmp_path / "big", "wb") as big:
            big.seek(5 << 30)
            big.write(b"end")
        for kind in ("gnu", "posix"):
            archive = tmp_path / f"{kind}.tar"
            subprocess.run(["tar", "-C", tmp_path, f"--format={kind}", "-Scf", archive, "big"], check=True)
            name = {"gnu": A, "posix": B}[kind]
            with open(archive, "rb") as content:
                assert store.apply(name, None, content) == (5 << 30) + 3
            store.create(name[::-1].replace(name[0], name[0].translate({97: "c", 98: "d"})), name)
            assert store.usage(name) < 1 << 20
        top = seen(C)
        with open(top / "big", "rb") as big:
            big.seek(5 << 30)
            assert big.read() == b"end"
        assert (top / "big").stat().st_blocks * 512 < 1 << 20

    def test_a_large_file_comes_through_whole(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        content = os.urandom(1 << 16) * 200 + b"tail"
        (tmp_path / "large.tar").write_bytes(layer(file("before", b"1"), file("large", content), file("z")).read())
        with open(tmp_path / "large.tar", "rb") as archive:
            store.apply(A, None, archive)
        store.apply(B, None, layer(file("large", content)))
        assert (seen(A) / "large").read_bytes() == content
        assert (seen(B) / "large").read_bytes() == content

    # ------------------------------------------------------------------------------------------------- whiteouts

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

    # ------------------------------------------------------------------------------------- folders nobody mentioned

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

    # ------------------------------------------------------------------------------------------------- hostility

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

    # ------------------------------------------------------------------------------------------------- changes

    def test_changes_are_told_as_docker_tells_them(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("etc"), file("etc/a", b"1"), file("etc/b", b"1"), folder("var"),
                                   file("var/x"), folder("gone"), file("gone/y"), file("same", b"1"),
                                   file("t")))  # fmt: skip
        store.create(C, A)
        top = seen(C)
        (top / "etc/a").write_bytes(b"22")
        (top / "etc/b").unlink()
        (top / "etc/c").write_bytes(b"")
        (top / "new").mkdir()
        (top / "new/deep").mkdir()
        shutil.rmtree(top / "gone")
        (top / "t").unlink()
        (top / "t").mkdir()
        os.utime(top / "same")
        os.utime(top / "same", ns=(10**18, 10**18))
        assert list(store.changes(C)) == [
            ("C", "/etc"), ("C", "/etc/a"), ("D", "/etc/b"), ("A", "/etc/c"), ("D", "/gone"), ("A", "/new"),
            ("A", "/new/deep"), ("C", "/t"),
        ]  # fmt: skip

    def test_an_untouched_layer_has_no_changes(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/f", b"1"), link("l", "d"), device("null", 1, 3)))
        store.create(C, A)
        list(seen(C).rglob("*"))
        assert list(store.changes(C)) == []

    def test_a_change_that_hides_its_time_is_found(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(file("f", b"one"), folder("a"), file("a/x", b"1"), folder("b"), file("b/x", b"2")))
        store.create(C, A)
        top = seen(C)
        (top / "f").write_bytes(b"two")
        os.utime(top / "f", (10**9, 10**9))
        subprocess.run("cp -a b keep && rm -r b && mv a b && mv keep a", shell=True, check=True, cwd=top)
        found = {path: kind for kind, path in store.changes(C)}
        assert found["/f"] == "C"
        assert found["/a/x"] == "C"
        assert found["/b/x"] == "C"

    def test_a_replaced_folder_loses_what_it_held(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("d"), file("d/old"), folder("d/s"), file("d/s/old"), file("d/both", b"1")))
        store.create(C, A)
        top = seen(C)
        shutil.rmtree(top / "d")
        (top / "d/s").mkdir(parents=True)
        (top / "d/both").write_bytes(b"22")
        found = list(store.changes(C))
        assert ("D", "/d/old") in found
        assert ("D", "/d/s/old") in found
        assert ("C", "/d/both") in found

    def test_a_diff_makes_the_same_tree_again(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        store.apply(A, None, layer(folder("etc"), file("etc/a", b"1"), file("etc/b"), folder("old"), file("old/x"),
                                   folder("re"), file("re/x")))  # fmt: skip
        store.create(C, A)
        top = seen(C)
        fill(top)
        archive = io.BytesIO()
        store.diff(C, archive)
        archive.seek(0)
        store.apply(B, A, archive)
        assert tree_of(seen(B)) == tree_of(top)
        assert (seen(B) / "hard1").stat().st_ino == (seen(B) / "hard2").stat().st_ino
        assert (seen(B) / "sparse").stat().st_blocks * 512 < 1 << 20

    def test_a_diff_is_the_same_each_time(self, store: StorageBackend, seen: Seen) -> None:
        store.apply(A, None, layer(folder("etc"), file("etc/a", b"1")))
        store.create(C, A)
        fill(seen(C))
        first, second = io.BytesIO(), io.BytesIO()
        store.diff(C, first)
        store.diff(C, second)
        assert first.getvalue() == second.getvalue()

    def test_tar_reads_what_diff_writes(self, store: StorageBackend, seen: Seen, tmp_path: Path) -> None:
        store.create(C, None)
        fill(seen(C))
        with open(tmp_path / "diff.tar", "wb") as archive:
            store.diff(C, archive)
        target = tmp_path / "by-tar"
        target.mkdir()
        command = ["tar", "-C", str(target), "--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf"]
        subprocess.run([*command, str(tmp_path / "diff.tar")], check=True)
        expected = tree_of(seen(C))
        found = tree_of(target)
        for tree in (expected, found):
            del tree["."]
        assert found == expected
        with tarfile.open(tmp_path / "diff.tar") as by_python:
            assert {member.name for member in by_python} == set(expected)

    def test_usage_counts_what_a_layer_holds_itself(self, store: StorageBackend, seen: Seen) -> None:
        store.create(C, None)
        before = store.usage(C)
        (seen(C) / "f").write_bytes(os.urandom(1 << 20))
        os.link(seen(C) / "f", seen(C) / "g")
        os.sync()
        assert 1 << 20 <= store.usage(C) - before < 3 << 19

    # ------------------------------------------------------------------------------------------- when things break

    def test_a_full_disk_leaves_nothing_and_says_so(self, tmp_path: Path) -> None:
        small = tmp_path / "small"
        small.mkdir()
        kernel.mount("tmpfs", str(small), "tmpfs", 0, "size=2m")
        try:
            store = self.make(str(small / "store"))
            with pytest.raises(StorageError) as caught:
                store.apply(A, None, layer(*(file(f"f{number}", b"x" * 100_000) for number in range(40))))
            assert "ENOSPC" in str(caught.value)
            assert "free space" in caught.value.hint
            assert store.layers() == {}
            assert os.listdir(small / "store/making") == []
            store.apply(A, None, layer(file("small", b"x" * 100_000)))
            assert store.layers() == {A: None}
        finally:
            kernel.umount(str(small))

    @pytest.mark.parametrize("delay", [0.002 * step for step in range(1, 13)])
    def test_killed_at_any_time_it_leaves_a_whole_layer_or_none(
        self, store: StorageBackend, seen: Seen, tmp_path: Path, delay: float
    ) -> None:
        store.apply(A, None, layer(folder("d"), *(file(f"d/{number}", b"x" * 100) for number in range(100))))
        archive = layer(*(file(f"f{number}", b"y" * 1000) for number in range(300))).read()
        (tmp_path / "layer.tar").write_bytes(archive)
        parts = (type(store).__module__, type(store).__name__, str(tmp_path / "store"), str(tmp_path / "layer.tar"))
        code = (
            "import sys, importlib\n"
            "module, name, folder, archive = sys.argv[1:]\n"
            "store = getattr(importlib.import_module(module), name)(folder)\n"
            "import backends.storage.unpack, backends.storage.tree\n"
            "print('go', flush=True)\n"
            f"store.apply('{B}', '{A}', open(archive, 'rb'))\n"
            f"store.create('{C}', '{B}')\n"
            f"store.remove('{C}')\n"
        )
        with subprocess.Popen([sys.executable, "-c", code, *parts], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
        store.repair()
        assert os.listdir(tmp_path / "store/making") == []
        for link_name in os.listdir(tmp_path / "store/links"):
            assert (tmp_path / "store/links" / link_name).exists()
        assert store.repair() == []
        if C in store.layers():
            store.remove(C)
        if B in store.layers():
            assert len(os.listdir(seen(B))) == 301
            seen.forget(B)
            store.remove(B)
        store.apply(B, A, io.BytesIO(archive))
        assert len(os.listdir(seen(B))) == 301

    def test_killed_before_any_step_it_leaves_all_or_nothing(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(A, None, layer(folder("d"), file("d/x", b"x"), file("e", b"e")))
        archive = layer(folder("d"), file("d/y", b"y"), link("l", "d"), whiteout("e"), hard_link("h", "d/y")).read()
        steps = 0
        while die_at_step(steps, lambda: lifetime(store, archive)):
            steps += 1
            store.repair()
            assert os.listdir(tmp_path / "store/making") == []
            assert len(os.listdir(tmp_path / "store/links")) == len([one for one in store.layers() if one != C])
            assert store.repair() == []
            for name in (C, B):
                if name in store.layers():
                    assert not list(store.changes(C)) if name == C else store.usage(name)
                    store.remove(name)
        assert steps > 30
        assert store.layers() == {A: None}

    def test_repair_leaves_a_layer_that_is_being_made_alone(self, store: StorageBackend, tmp_path: Path) -> None:
        whole = layer(file("a", b"1"), file("b", b"2")).read()

        class Repairing(io.BytesIO):
            said: list[str] | None = None

            def read(self, size: int | None = -1) -> bytes:
                self.said = store.repair()
                return super().read(size)

        archive = Repairing(whole)
        store.apply(A, None, archive)
        assert archive.said == []
        assert store.layers() == {A: None}

    def test_of_two_that_make_the_same_layer_one_wins(self, store: StorageBackend, seen: Seen) -> None:
        whole = layer(file("a", b"1")).read()

        class Racing(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if A not in store.layers():
                    store.apply(A, None, io.BytesIO(whole))
                return super().read(size)

        with pytest.raises(LayerExists):
            store.apply(A, None, Racing(whole))
        assert store.layers() == {A: None}
        assert (seen(A) / "a").read_bytes() == b"1"
        assert store.repair() == []

    def test_a_damaged_record_is_named_and_repaired(self, store: StorageBackend, tmp_path: Path) -> None:
        store.apply(A, None, layer(file("a")))
        (tmp_path / "store/layers" / A / "layer").write_bytes(b"")
        assert store.layers() == {}
        assert any(A in said for said in store.repair())
        store.apply(A, None, layer(file("a")))
        assert store.repair() == []

    def test_no_descriptor_is_left_open(self, store: StorageBackend) -> None:
        before = len(os.listdir("/proc/self/fd"))
        store.apply(A, None, layer(folder("d"), *(file(f"d{number}/f") for number in range(200)), link("l", "d")))
        store.create(C, A)
        list(store.changes(C))
        for bad in (file("../x"), hard_link("l/h", "nothing"), file("d/f/g")):
            with pytest.raises(HostileLayer):
                store.apply(B, A, layer(file("d/f"), file("l/q"), bad))
        store.remove(C)
        assert len(os.listdir("/proc/self/fd")) == before


class Seen:
    """Mounts layers, and unmounts them at the end of a test."""

    def __init__(self, store: StorageBackend, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._known: dict[str, Path] = {}

    def __call__(self, name: str) -> Path:
        if name not in self._known:
            target = self._folder / f"seen-{name[:12]}-{name[-4:]}-{len(self._known)}"
            target.mkdir(exist_ok=True)
            writable = f"{name} " in f"{self._writable(name)} "
            self._known[name] = Path(self._store.mount(name, str(target), read_only=not writable))
        return self._known[name]

    def _writable(self, name: str) -> str:
        record = (Path(self._folder) / "store/layers" / name / "layer").read_text()
        return name if "\nlink -\n" in record else ""

    def forget(self, name: str) -> None:
        top = self._known.pop(name)
        self._store.unmount(name, str(top))

    def close(self) -> None:
        for name in list(self._known):
            if str(self._known[name]).startswith(str(self._folder / "seen-")):
                self.forget(name)


def lifetime(store: StorageBackend, archive: bytes) -> None:
    store.apply(B, A, io.BytesIO(archive))
    store.create(C, B)
    store.remove(C)
    store.remove(B)


STEPS = ("rename", "mkdir", "rmdir", "symlink", "unlink", "link", "mknod", "open", "write", "chmod", "utime", "fsync")


def die_at_step(number: int, what: Callable[[], None]) -> bool:
    """Runs `what` in a child that is killed before its nth change of the file system; False if it ended before."""
    child = os.fork()
    if child == 0:
        left = [number]

        def deadly(step: Callable[..., Any]) -> Callable[..., Any]:
            def dying(*arguments: Any, **more: Any) -> Any:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return step(*arguments, **more)

            return dying

        for name in STEPS:
            setattr(os, name, deadly(getattr(os, name)))
        try:
            what()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def status_of(path: Path) -> tuple[int, int, int, int]:
    status = path.lstat()
    return status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_mtime_ns


def assert_untouched(store: StorageBackend, folder: Path) -> None:
    assert store.layers() == {}
    assert os.listdir(folder / "store/making") == []
    assert os.listdir(folder / "store/links") == []
    assert not list(folder.glob("evil*"))


def fill(top: Path) -> None:
    """Everything that a container can do to its files."""
    (top / "etc").mkdir(exist_ok=True)
    (top / "etc/a").write_bytes(b"changed")
    for gone in ("old", "re"):
        if (top / gone).exists():
            shutil.rmtree(top / gone)
            (top / "etc/b").unlink(missing_ok=True)
    (top / "re").mkdir()
    (top / "re/new").write_bytes(b"n")
    (top / ("long" * 30)).mkdir()
    (top / ("long" * 30) / ("name" * 40)).write_bytes(b"long")
    (top / "häß lich\nname").write_bytes(b"u")
    os.symlink("target" * 30, top / "link")
    (top / "hard1").write_bytes(b"h" * 5000)
    os.link(top / "hard1", top / "hard2")
    os.mkfifo(top / "pipe", 0o640)
    os.mknod(top / "zero", 0o020666, os.makedev(1, 5))
    (top / "suid").write_bytes(b"s")
    os.chown(top / "suid", 3_000_000, 70000)
    (top / "suid").chmod(0o6711)
    os.setxattr(top / "suid", "security.capability", PING)
    os.setxattr(top / "suid", "user.v", bytes(range(256)))
    os.utime(top / "suid", ns=(1, 1_234_567_890_123_456_789))
    os.utime(top / "re/new", ns=(0, -1_500_000_000))
    with open(top / "sparse", "wb") as sparse:
        sparse.write(b"head")
        sparse.seek(40 << 20)
        sparse.write(b"tail")
        sparse.truncate(50 << 20)
    (top / "empty").mkdir(mode=0o1777)


__all__ = ["A", "B", "BinaryIO", "C", "D", "Seen", "StorageContract", "tree_of"]
