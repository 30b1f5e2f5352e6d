"""Storage suite: what a container changed, told and packed."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from backends.contract import StorageBackend
from tests.contract.layers import device, file, folder, layer, link
from tests.contract.shown import A, B, C, Seen, StorageFixtures, fill, tree_of


class ChangesContract(StorageFixtures):
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
