"""aufs has no kernel here nor in Debian's archives any more: what we ask of it is golden text, and how its marks are
written and read is tried on plain folders."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from arch import kernel
from backends.storage import aufs
from backends.storage.aufs import AufsStorage
from backends.storage.changes import overlay_changes
from backends.storage.marks import AUFS
from backends.storage.view import View
from tests.contract.layers import file, folder, layer, opaque, whiteout
from tests.contract.storage import A, C

B = "b" * 64

pytestmark = pytest.mark.live  # owners of files are root's to give


@pytest.fixture
def store(tmp_path: Path) -> AufsStorage:
    store = AufsStorage(str(tmp_path / "store"))
    store.apply(A, None, layer(folder("d"), file("d/old"), folder("e"), file("e/x"), file("e/y"), file("f")))
    return store


def tree(store: AufsStorage, name: str) -> Path:
    return Path(store.registry.tree(name))


def test_branches_are_named_topmost_first_with_what_each_may(store: AufsStorage) -> None:
    store.apply(B, A, layer(file("g")))
    store.create(C, B)
    always = "noplink,xino=/dev/shm/aufs.xino"
    a, b = f"links/{A[:12]}", f"links/{B[:12]}"
    record = store.registry.get(C)
    assert store._options(record, False, "") == f"br=layers/{C}/tree=rw:{b}=ro+wh:{a}=ro+wh,{always}"
    assert store._options(record, True, "") == f"br=layers/{C}/tree=ro+wh:{b}=ro+wh:{a}=ro+wh,{always}"
    assert store._options(store.registry.get(B), True, "") == f"br={b}=ro+wh:{a}=ro+wh,{always}"
    assert store._options(record, False, "u:r:t:s0").endswith(f'{always},context="u:r:t:s0"')


def test_branches_that_do_not_fit_one_page_are_appended() -> None:
    branches = [f"links/{number:012d}=ro+wh" for number in range(40)]
    options = "br=top=rw:" + ":".join(branches) + ",noplink"
    first, rest = aufs.paginate(options, 512)
    assert len(first) < 512 <= len(first) + 1 + len(rest[0])
    assert first.endswith(",noplink")
    assert (first[len("br=") : first.index(",")].split(":") + rest)[1:] == branches
    assert aufs.paginate(options, 4096) == (options, [])


def test_a_kernel_without_dirperm1_is_asked_again_without(store: AufsStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def mount(source: str, target: str, fstype: str, flags: int, data: str) -> None:
        asked.append((fstype, flags, data))
        if "dirperm1" in data:
            raise OSError(errno.EINVAL, "mount: Invalid argument")

    monkeypatch.setattr(kernel, "mount", mount)
    long = "br=top=rw:" + ":".join(f"links/{number:012d}=ro+wh" for number in range(200)) + ",noplink"
    store._call("source", "/target", 0, long)
    assert [data.endswith(",dirperm1") for _, _, data in asked[:2]] == [True, False]
    appended = [data for _, flags, data in asked[2:] if flags == kernel.MS_REMOUNT]
    assert appended[-1] == "append:links/000000000199=ro+wh"
    assert all(len(data) < 4096 for _, _, data in asked)


def test_an_archives_marks_stay_files_of_the_same_names(store: AufsStorage) -> None:
    store.apply(B, A, layer(whiteout("f"), whiteout("never"), folder("d"), opaque("d"), file("d/new"), whiteout("e/x")))
    assert sorted(os.listdir(tree(store, B))) == [".wh.f", "d", "e"]
    assert sorted(os.listdir(tree(store, B) / "d")) == [".wh..wh..opq", "new"]
    assert os.listdir(tree(store, B) / "e") == [".wh.x"]
    with View([str(tree(store, B)), str(tree(store, A))], AUFS) as view:
        assert sorted(view.names(b"")) == [b"d", b"e"]
        assert list(view.names(b"d")) == [b"new"]
        assert list(view.names(b"e")) == [b"y"]
        assert view.find(b"f") is view.find(b"d/old") is view.find(b"e/x") is None


def test_what_follows_its_own_whiteout_takes_the_mark_away(store: AufsStorage) -> None:
    store.apply(B, A, layer(whiteout("f"), file("f", b"2"), whiteout("d"), folder("d"), file("d/new"), whiteout("e"),
                            file("e/z")))  # fmt: skip
    assert sorted(os.listdir(tree(store, B))) == ["d", "e", "f"]
    for name, kept in (("d", "new"), ("e", "z")):
        assert sorted(os.listdir(tree(store, B) / name)) == [".wh..wh..opq", kept]


def test_what_aufs_leaves_in_a_branch_is_told_as_changes(store: AufsStorage) -> None:
    store.create(C, A)
    top = tree(store, C)
    (top / ".wh..wh.aufs").touch()
    (top / ".wh..wh.plnk").mkdir()
    (top / ".wh..wh.orph").mkdir()
    (top / ".wh.f").touch()
    (top / "d").mkdir()
    (top / "d/.wh..wh..opq").touch()
    (top / "d/new").touch()
    (top / "e").mkdir()
    (top / "e/.wh.x").touch()
    assert list(store.changes(C)) == [
        ("C", "/d"), ("A", "/d/new"), ("D", "/d/old"), ("C", "/e"), ("D", "/e/x"), ("D", "/f"),
    ]  # fmt: skip
    assert [change.kind for change in overlay_changes(str(top), View([]), AUFS)] == ["A", "A", "A"]


def test_a_long_chain_gets_a_whole_tree_in_its_middle(store: AufsStorage) -> None:
    below = A
    for number in range(store.deepest + 1):
        name = f"{number:04x}" * 16
        store.apply(name, below, layer(file(f"f{number}"), *([whiteout("f")] if not number else [])))
        below = name
    record = store.registry.get(below)
    assert record.links == ()
    names = os.listdir(tree(store, below))
    assert sorted(names) == sorted(["d", "e", *(f"f{number}" for number in range(store.deepest + 1))])
    shutil.rmtree(store.folder)
