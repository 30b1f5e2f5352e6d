from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arch import kernel
from backends.errors import StorageError
from backends.storage.overlay import OverlayStorage
from backends.storage.overlay_single import SingleOverlayStorage
from backends.storage.overlay_user import UserOverlayStorage
from tests.contract.layers import file, folder, layer, opaque, whiteout
from tests.contract.storage import A, C, StorageContract


class TestOverlay(StorageContract):
    backend = OverlayStorage


class TestOverlayOfUsers(StorageContract):
    backend = UserOverlayStorage


class TestOverlayWithOneLowerFolder(StorageContract):
    backend = SingleOverlayStorage


@pytest.mark.live
def test_120_layers_are_one_tree(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / ("store" * 12)))
    below = None
    for number in range(120):
        name = f"{number:04x}" * 16
        gone = [whiteout(f"f{number - 2}")] if number % 3 == 2 else []
        store.apply(name, below, layer(file(f"f{number}"), file("last", str(number).encode()), *gone))
        below = name
    store.create(C, below)
    target = tmp_path / "target"
    target.mkdir()
    for read_only in (False, True):
        store.mount(C, str(target), read_only=read_only)
        try:
            assert (target / "last").read_text() == "119"
            expected = {f"f{number}" for number in range(120) if number % 3} | {"last"}
            assert set(os.listdir(target)) == expected
        finally:
            store.unmount(C, str(target))


@pytest.mark.live
def test_more_layers_than_options_can_name_are_refused(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    below = None
    for number in range(250):
        name = f"{number:04x}" * 16
        store.create(name, None)
        record = tmp_path / "store/layers" / name / "layer"
        links = " ".join(f"{below:04x}" * 3 for below in range(number, -1, -1))
        record.write_text(record.read_text().replace("links ", f"links {links}"))
        below = name
    assert below is not None
    with pytest.raises(StorageError, match="page"):
        store.mount(below, str(tmp_path))


@pytest.mark.live
@pytest.mark.parametrize("name", ["with,comma", "with:colon", "with\\backslash", 'with"quote', "with space", "ümlaut"])
def test_the_store_may_be_called_anything(tmp_path: Path, name: str) -> None:
    store = OverlayStorage(str(tmp_path / name))
    store.apply(A, None, layer(file("f", b"x")))
    store.create(C, A)
    target = tmp_path / "target"
    target.mkdir()
    store.mount(C, str(target))
    try:
        assert (target / "f").read_bytes() == b"x"
        assert store.mounted(C)
        with pytest.raises(StorageError, match="is mounted"):
            store.remove(C)
    finally:
        store.unmount(C, str(target))
    assert not store.mounted(C)


@pytest.fixture
def kernel_that_prefers_redirects() -> Iterator[None]:
    parameter = Path("/sys/module/overlay/parameters/redirect_dir")
    before = parameter.read_text()
    parameter.write_text("Y")
    yield
    parameter.write_text(before)


@pytest.mark.live
@pytest.mark.usefixtures("kernel_that_prefers_redirects")
def test_a_layer_holds_plain_folders_whatever_the_kernel_prefers(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    store.apply(A, None, layer(folder("d"), file("d/f", b"x")))
    store.create(C, A)
    target = tmp_path / "target"
    target.mkdir()
    store.mount(C, str(target))
    try:
        with pytest.raises(OSError) as caught:
            os.rename(target / "d", target / "moved")
    finally:
        store.unmount(C, str(target))
    assert caught.value.errno == errno.EXDEV


@pytest.mark.live
def test_a_layer_is_read_while_it_is_written_elsewhere(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    store.apply(A, None, layer(file("f", b"image")))
    store.create(C, A)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    store.mount(C, str(first))
    try:
        (first / "f").write_bytes(b"container")
        store.mount(C, str(second), read_only=True)
        try:
            assert (second / "f").read_bytes() == b"container"
        finally:
            store.unmount(C, str(second))
    finally:
        store.unmount(C, str(first))


@pytest.mark.live
def test_a_mount_in_use_goes_with_its_last_user(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    store.create(C, None)
    target = tmp_path / "target"
    target.mkdir()
    store.mount(C, str(target))
    held = os.open(target, os.O_RDONLY)
    store.unmount(C, str(target))
    os.close(held)
    assert not store.mounted(C)


@pytest.mark.live
def test_opaque_folders_that_the_kernel_makes_are_understood(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    store.apply(A, None, layer(folder("d"), file("d/old"), folder("e"), file("e/old"), opaque("e")))
    store.create(C, A)
    target = tmp_path / "target"
    target.mkdir()
    store.mount(C, str(target))
    try:
        subprocess.run("rm -r d && mkdir d && touch d/new", shell=True, check=True, cwd=target)
    finally:
        store.unmount(C, str(target))
    assert list(store.changes(C)) == [("C", "/d"), ("A", "/d/new"), ("D", "/d/old")]


@pytest.mark.live
def test_a_mount_that_fails_says_which_layer_and_why(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    store.create(C, None)
    with pytest.raises(StorageError) as caught:
        store.mount(C, str(tmp_path / "nothing"))
    assert C in str(caught.value)
    assert "ENOENT" in str(caught.value)


@pytest.mark.live
def test_a_store_where_overlay_cannot_keep_its_upper_folder_is_refused(tmp_path: Path) -> None:
    # An overlay is no place for an overlay's upper folder.
    base = OverlayStorage(str(tmp_path / "store"))
    base.apply(A, None, layer(file("f")))
    base.create(C, A)
    target = tmp_path / "target"
    target.mkdir()
    base.mount(C, str(target))
    try:
        inner = OverlayStorage(str(target / "store"))
        inner.create(A, None)
        (tmp_path / "inner").mkdir()
        with pytest.raises(StorageError) as caught:
            inner.mount(A, str(tmp_path / "inner"))
        assert caught.value.hint
    finally:
        kernel.umount(str(target))


def test_mounting_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys\n"
        "import backends.storage.overlay, backends.storage.metadata\n"
        "slow = {'re', 'json', 'typing', 'dataclasses', 'tarfile', 'subprocess', 'pathlib', 'shutil', 'tempfile',\n"
        "        'logging', 'enum', 'io', 'contextlib', 'collections', 'backends.storage.unpack'}\n"
        "print(*sorted(slow.intersection(sys.modules) - before))\n"
    )
    code = "import sys; before = set(sys.modules)\n" + code
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == []


@pytest.mark.live
@pytest.mark.parametrize("name", ["one", "one, with comma"])
def test_a_layer_of_another_store_is_another_layer(tmp_path: Path, name: str) -> None:
    one, other = OverlayStorage(str(tmp_path / name)), OverlayStorage(str(tmp_path / "other"))
    for store in (one, other):
        store.apply(A, None, layer(file("f")))
        store.create(C, A)
    target = tmp_path / "target"
    target.mkdir()
    for shown, read_only in ((C, False), (A, True)):
        one.mount(shown, str(target), read_only=read_only)
        try:
            assert one.mounted(shown)
            assert one.mounted(A)
            assert not other.mounted(shown)
        finally:
            one.unmount(shown, str(target))


@pytest.mark.live
def test_a_chain_that_options_cannot_name_gets_a_whole_tree_in_its_middle(tmp_path: Path) -> None:
    store = OverlayStorage(str(tmp_path / "store"))
    store.deepest = 5
    below = None
    for number in range(21):
        name = f"{number:04x}" * 16
        gone = [whiteout(f"f{number - 2}")] if number % 3 == 2 else []
        store.apply(name, below, layer(file(f"f{number}"), file("last", str(number).encode()), *gone))
        assert len(store.registry.get(name).links) <= 5
        below = name
    store.create(C, below)
    target = tmp_path / "target"
    target.mkdir()
    store.mount(C, str(target))
    try:
        assert (target / "last").read_text() == "20"
        assert set(os.listdir(target)) == {f"f{number}" for number in range(21) if number % 3} | {"last"}
    finally:
        store.unmount(C, str(target))
