"""What a full disk and a kill leave behind: nothing that the next command does not remove."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from arch import kernel
from runtime.errors import NoSpace
from tests.runtime.images.builders import Made, docker_files, layer, tar, write
from tests.runtime.images.conftest import Store

pytestmark = pytest.mark.live

LARGE = tar({f"file{number}": os.urandom(100_000) for number in range(60)})


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 10 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    kernel.mount("none", str(folder), "tmpfs", 0, "size=10m")
    try:
        yield folder
    finally:
        kernel.umount(str(folder), kernel.MNT_DETACH)


def test_a_full_disk_is_told_as_such_and_leaves_nothing(small: Path, tmp_path: Path) -> None:
    store = Store(small, {})
    path = write(tmp_path / "image.tar", docker_files(Made([LARGE])))
    with pytest.raises(NoSpace) as caught:
        store.load(path)
    assert "ENOSPC" in str(caught.value)
    assert "room" in caught.value.hint
    assert store.leftovers() == []
    assert store.storage.repair() == []


def test_a_disk_that_fills_up_while_an_archive_comes_from_a_pipe_leaves_nothing(small: Path, tmp_path: Path) -> None:
    store = Store(small, {})
    path = write(tmp_path / "image.tar", docker_files(Made([LARGE, LARGE + LARGE])))
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        with pytest.raises(NoSpace):
            store.load(cast(BinaryIO, cat.stdout))
    assert store.leftovers() == []


def test_an_image_can_be_removed_from_a_full_disk(small: Path, tmp_path: Path) -> None:
    store = Store(small, {})
    store.load(write(tmp_path / "image.tar", docker_files(Made([layer(a="b")], ["a:1"]))))
    with pytest.raises(OSError), open(small / "filler", "wb", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            while True:
                try:
                    filler.write(bytes(size))
                except OSError:
                    if size == 1:
                        raise
                    break
    assert os.statvfs(small).f_bfree == 0
    assert store.remove("a:1")[0] == "Untagged: a:1"
    assert store.leftovers() == []


@pytest.mark.parametrize("seed", range(6))
def test_a_load_killed_at_any_moment_leaves_what_repair_removes_and_can_be_done_again(
    tmp_path: Path, seed: int
) -> None:
    store = Store(tmp_path / "store", {})
    path = write(tmp_path / "image.tar", docker_files(Made([LARGE]), compress=seed % 2 == 1))
    child = os.fork()
    if child == 0:
        try:
            store.load(path)
        finally:
            os._exit(0)
    time.sleep(random.Random(seed).uniform(0, 0.3))  # the moment is what is tested
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    store.storage.repair()
    store.repair()
    if store.list():  # it was quicker than the kill
        store.remove("made:1")
    assert store.leftovers() == []
    assert store.load(path) == ["made:1"]
    assert len(os.listdir(_tree(store))) == 60


def _tree(store: Store) -> str:
    return f"{store.paths.storage('overlay')}/layers/{store.find('made:1').chain}/tree"
