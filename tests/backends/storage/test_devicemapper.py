"""Runs where the kernel has device-mapper, which is in a guest: `python3 ci/machine.py --arch x86_64 --timeout 3600
python3 -m pytest -q tests/backends/storage/test_devicemapper.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from arch import devicemapper, kernel
from backends.errors import StorageError
from backends.storage import options, poolmaking, poolrecord, thin
from backends.storage.devicemapper import DeviceMapperStorage
from probes import trial
from probes.host import Trial
from tests.contract.layers import file, folder, layer
from tests.contract.shown import Seen, small_tmpfs
from tests.contract.storage import A, C, StorageContract


@pytest.fixture(scope="module", autouse=True)
def _kernel_with_thin_provisioning(tmp_path_factory: pytest.TempPathFactory) -> None:
    outcome = trial.run(Trial("storage.devicemapper", str(tmp_path_factory.mktemp("trial"))))
    if not outcome.ok:
        pytest.skip(f"no thin provisioning here: {outcome.call} {outcome.errno} {outcome.detail}")


def allocated(path: Path) -> int:
    return path.stat().st_blocks * 512


class TestDeviceMapper(StorageContract):
    backend = DeviceMapperStorage
    small = 40 << 20
    too_many = 500
    kept = ("lock", "pool.lock")

    def small_disk(self, folder: Path) -> AbstractContextManager[Path]:
        return small_tmpfs(folder, self.small)

    def test_what_a_layer_takes_comes_back_with_its_removal(
        self, store: DeviceMapperStorage, seen: Seen, tmp_path: Path
    ) -> None:
        store.apply(A, None, layer(file("f")))
        before = allocated(tmp_path / "store/pool/data")
        store.create(C, A)
        (seen(C) / "big").write_bytes(os.urandom(32 << 20))
        seen.forget(C)
        os.sync()
        assert allocated(tmp_path / "store/pool/data") > before + (30 << 20)
        store.remove(C)
        os.sync()
        assert allocated(tmp_path / "store/pool/data") < before + (4 << 20)

    def test_what_a_container_removes_comes_back(self, store: DeviceMapperStorage, seen: Seen, tmp_path: Path) -> None:
        store.create(C, None)
        (seen(C) / "big").write_bytes(os.urandom(32 << 20))
        os.sync()
        full = allocated(tmp_path / "store/pool/data")
        (seen(C) / "big").unlink()
        deadline = time.monotonic() + 30  # the file system, the pool and the loop device each do it in their own time
        while allocated(tmp_path / "store/pool/data") > full - (24 << 20):
            assert time.monotonic() < deadline
            os.sync()
            time.sleep(0.1)

    def test_devices_are_there_only_while_somebody_looks(self, store: DeviceMapperStorage, seen: Seen) -> None:
        store.apply(A, None, layer(file("f")))
        store.create(C, A)
        ours = [name for name in devicemapper.names() if name.startswith(store.pool.prefix)]
        assert ours == [store.pool.prefix + "-pool"]
        seen(C)
        assert store.mounted(C)
        with pytest.raises(StorageError, match="is mounted"):
            store.remove(C)
        seen.forget(C)
        assert not store.mounted(C)

    def test_a_store_is_taken_up_again_after_a_reboot(self, store: DeviceMapperStorage, seen: Seen) -> None:
        store.apply(A, None, layer(file("f", b"image")))
        store.create(C, A)
        (seen(C) / "g").write_bytes(b"container")
        seen.forget(C)
        store.release()
        assert not [name for name in devicemapper.names() if name.startswith(store.pool.prefix)]
        assert (seen(C) / "f").read_bytes() == b"image"
        assert (seen(C) / "g").read_bytes() == b"container"

    def test_a_layer_that_is_mounted_is_read_elsewhere(
        self, store: DeviceMapperStorage, seen: Seen, tmp_path: Path
    ) -> None:
        store.apply(A, None, layer(file("f", b"1")))
        store.create(C, A)
        (seen(C) / "new").write_bytes(b"x")
        other = tmp_path / "other"
        other.mkdir()
        store.mount(C, str(other), read_only=True)
        try:
            assert (other / "new").read_bytes() == b"x"
            with pytest.raises(OSError):
                (other / "more").write_bytes(b"")
        finally:
            store.unmount(C, str(other))
        assert list(store.changes(C)) == [("A", "/new")]

    def test_a_pool_of_another_time_is_refused(self, store: DeviceMapperStorage) -> None:
        store.apply(A, None, layer(file("f")))
        record = poolrecord.read(store.pool.record_path)
        assert record is not None
        record.transaction += 5
        poolrecord.write(store.pool.record_path, record)
        with pytest.raises(StorageError, match="transaction"):
            store.create(C, A)
        record.transaction -= 5
        poolrecord.write(store.pool.record_path, record)

    def test_a_transaction_that_was_begun_and_not_done_is_none(self, store: DeviceMapperStorage) -> None:
        store.apply(A, None, layer(file("f")))
        record = poolrecord.read(store.pool.record_path)
        assert record is not None
        record.transaction += 1
        poolrecord.write(store.pool.record_path, record)
        store.create(C, A)
        assert set(store.layers()) == {A, C}

    def test_a_pool_that_fills_grows(self, tmp_path: Path) -> None:
        options.keep(str(tmp_path / "grown"), "devicemapper", {"data-size": "64m", "base-size": "1g"})
        store = DeviceMapperStorage(str(tmp_path / "grown"))
        try:
            store.apply(A, None, layer(file("f", os.urandom(1 << 20) * 100)))
            assert store.pool.size > 160 << 20
            store.create(C, A)
            target = tmp_path / "target"
            target.mkdir()
            store.mount(C, str(target))
            try:
                assert (target / "f").stat().st_size == 100 << 20
            finally:
                store.unmount(C, str(target))
        finally:
            store.release()

    def test_a_pool_on_given_devices_needs_no_files(self, tmp_path: Path) -> None:
        devices = {}
        for name, size in (("data", 256), ("metadata", 8)):
            image = tmp_path / name
            with open(image, "wb") as content:
                content.truncate(size << 20)
            said = subprocess.run(["losetup", "-f", "--show", str(image)], capture_output=True, text=True, check=True)
            devices[name] = said.stdout.strip()
        store = DeviceMapperStorage(str(tmp_path / "given"))
        try:
            options.keep(store.folder, "devicemapper", devices)
            store.apply(A, None, layer(folder("d"), file("d/f", b"x")))
            assert store.peek(A, "d/f", 10) == b"x"
            assert not (tmp_path / "given/pool/data").exists()
            store.remove(A)
            with open(devices["data"], "r+b") as content:
                content.write(b"somebody's")
            with pytest.raises(StorageError, match="holds something"):
                store.create(C, None)
        finally:
            store.release()
            for device in devices.values():
                subprocess.run(["losetup", "-d", device], check=True)

    @pytest.mark.skipif(not shutil.which("mkfs.xfs"), reason="mkfs.xfs is not installed")
    def test_layers_may_be_xfs(self, tmp_path: Path) -> None:
        options.keep(str(tmp_path / "xfs"), "devicemapper", {"filesystem": "xfs", "base-size": "1g"})
        store = DeviceMapperStorage(str(tmp_path / "xfs"))
        try:
            store.apply(A, None, layer(file("f", b"x")))
            store.create(C, A)
            assert store.peek(C, "f", 10) == b"x"
        finally:
            store.release()

    def test_a_mount_that_a_killed_process_left_is_swept(self, store: DeviceMapperStorage) -> None:
        store.apply(A, None, layer(file("f")))
        with store.pool.lock():
            store.pool.mount(store.pool.open(), 1, store.pool.place, kernel.MS_RDONLY)
        store.repair()
        assert not store.mounted(A)

    def test_a_full_pool_is_explained(self, store: DeviceMapperStorage, monkeypatch: pytest.MonkeyPatch) -> None:
        store.apply(A, None, layer(file("f")))
        full = thin.PoolStatus(store.pool.status().transaction, (1, 100), (100, 100), "out_of_data_space")
        with monkeypatch.context() as patch:
            patch.setattr(type(store.pool), "status", lambda pool: full)
            patch.setattr(poolmaking, "grow", lambda *arguments: None)
            with pytest.raises(StorageError, match="ENOSPC") as caught:
                store.create(C, A)
        assert "free space" in caught.value.hint


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    assert not [name for name in devicemapper.names() if name.startswith("runtime-")]
