from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from arch import kernel
from backends.storage import data
from backends.storage.copy import CopyStorage
from tests.contract.layers import file, layer
from tests.contract.storage import A, C


def refuse(number: int) -> object:
    def call(*arguments: object, **more: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


RUNGS: dict[str, list[str]] = {
    "copy_file_range": [],
    "sendfile": ["copy_file_range"],
    "read and write": ["copy_file_range", "sendfile"],
}


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM, errno.EXDEV, errno.EINVAL], ids=errno.errorcode.get)
@pytest.mark.parametrize("rung", RUNGS)
def test_every_way_of_copying_gives_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rung: str, number: int
) -> None:
    with open(tmp_path / "source", "wb") as source:
        source.seek(3 << 20)
        source.write(os.urandom(3_000_001))
        source.truncate(9_999_999)
    for masked in RUNGS[rung]:
        monkeypatch.setattr(os, masked, refuse(number))
    with open(tmp_path / "source", "rb", 0) as source, open(tmp_path / "target", "wb", 0) as target:
        data.copy_file(source.fileno(), target.fileno(), 9_999_999)
    assert (tmp_path / "target").read_bytes() == (tmp_path / "source").read_bytes()
    assert (tmp_path / "target").stat().st_blocks * 512 < 4 << 20


def test_an_error_of_the_disk_is_none_of_the_kernels_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").write_bytes(b"x")
    monkeypatch.setattr(os, "copy_file_range", refuse(errno.EIO))
    with open(tmp_path / "source", "rb") as source, open(tmp_path / "target", "wb") as target, pytest.raises(OSError):
        data.copy_file(source.fileno(), target.fileno(), 1)


def test_a_part_is_copied_to_where_the_target_stands(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"0123456789")
    with open(tmp_path / "source", "rb", 0) as source, open(tmp_path / "target", "wb", 0) as target:
        target.write(b"ab")
        assert data.copy_range(source.fileno(), 3, target.fileno(), None, 4) == 4
        assert data.copy_range(source.fileno(), 8, target.fileno(), None, 9) == 2
    assert (tmp_path / "target").read_bytes() == b"ab345689"


@pytest.fixture
def btrfs(tmp_path: Path) -> Iterator[Path]:
    if not shutil.which("mkfs.btrfs"):
        pytest.skip("mkfs.btrfs is not installed")
    with open(tmp_path / "image", "wb") as image:
        image.truncate(256 << 20)
    subprocess.run(["mkfs.btrfs", "-q", str(tmp_path / "image")], check=True)
    target = tmp_path / "btrfs"
    target.mkdir()
    subprocess.run(["mount", "-o", "loop", str(tmp_path / "image"), str(target)], check=True)
    yield target
    kernel.umount(str(target))


@pytest.mark.live
def test_where_blocks_can_be_shared_a_container_costs_its_names(btrfs: Path) -> None:
    store = CopyStorage(str(btrfs / "store"))
    store.apply(A, None, layer(file("large", os.urandom(60 << 20))))
    kernel_free = os.statvfs(btrfs).f_bavail * os.statvfs(btrfs).f_frsize
    for number in range(6):
        store.create(f"{number:064x}", A)
    os.sync()
    assert kernel_free - os.statvfs(btrfs).f_bavail * os.statvfs(btrfs).f_frsize < 30 << 20
    store.create(C, A)
    large = Path(store.mount(C, "/nowhere")) / "large"
    large.write_bytes(b"mine")
    assert (btrfs / "store/layers" / A / "tree/large").stat().st_size == 60 << 20
