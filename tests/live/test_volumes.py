"""Volumes and folders of the host, mounted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from arch import kernel
from runtime.volumes.volume import VolumeStore
from tests.live.conftest import Runtime

PREPARE = "mkdir -p /data/sub && echo kept >/data/sub/file && chown 70:71 /data && chmod 750 /data"


@pytest.fixture
def volumes(runtime: Runtime) -> Iterator[VolumeStore]:
    store = VolumeStore(runtime.engine.paths)
    yield store
    for volume in runtime.engine.targets():
        runtime.engine.remove(volume.identifier, force=True, volumes=True)
    for left in store.list():
        store.remove(left.name)


@pytest.fixture
def image(runtime: Runtime) -> Iterator[str]:
    """An image that declares /data a volume and has something there."""
    container = runtime("run", "-d", "--network", "none", "@host", "sh", "-c", PREPARE).stdout.strip()
    runtime("wait", container)
    runtime("commit", "-c", "VOLUME /data", container, "with-volume:1")
    runtime("rm", container)
    yield "with-volume:1"
    for row in runtime.engine.containers(True):
        runtime.engine.remove(row["ID"], force=True, volumes=True)
    runtime("rmi", "with-volume:1")


def test_what_is_written_to_a_volume_is_there_for_the_next(runtime: Runtime, volumes: VolumeStore) -> None:
    runtime.said("-v", "data:/d", "@host", "sh", "-c", "echo hello >/d/file")
    assert runtime.said("-v", "data:/d", "@host", "cat", "/d/file") == "hello\n"


def test_a_volume_mounted_read_only_cannot_be_written(runtime: Runtime, volumes: VolumeStore) -> None:
    line = ("run", "--rm", "--network", "none", "-v", "data:/d:ro", "@host", "touch", "/d/x")
    assert "Read-only" in runtime(*line, status=1).stderr


def test_a_new_volume_has_what_the_image_has_there(runtime: Runtime, volumes: VolumeStore, image: str) -> None:
    seen = runtime.said("-v", "data:/data", image, "sh", "-c", "cat /data/sub/file; stat -c '%u %g %a' /data")
    assert seen == "kept\n70 71 750\n"


def test_one_that_is_not_to_be_filled_stays_empty(runtime: Runtime, volumes: VolumeStore, image: str) -> None:
    assert runtime.said("-v", "data:/data:nocopy", image, "ls", "/data") == ""


def test_one_that_holds_something_is_left_alone(runtime: Runtime, volumes: VolumeStore, image: str) -> None:
    Path(volumes.ensure("data").folder, "mine").touch()
    assert runtime.said("-v", "data:/data", image, "ls", "/data") == "mine\n"


def test_what_an_image_declares_is_a_volume_that_goes_with_the_container(
    runtime: Runtime, volumes: VolumeStore, image: str
) -> None:
    container = runtime.detached(image, "sleep", "60")
    assert [volume.anonymous for volume in volumes.list()] == [True]
    runtime("rm", "-f", "-v", container)
    assert volumes.list() == ()


def test_a_run_for_once_leaves_no_anonymous_volume(runtime: Runtime, volumes: VolumeStore) -> None:
    runtime.said("-v", "/d", "@host", "touch", "/d/x")
    assert volumes.list() == ()


def test_a_volume_in_use_is_not_removed(runtime: Runtime, volumes: VolumeStore) -> None:
    runtime.detached("--name", "user", "-v", "data:/d", "@host", "sleep", "60")
    assert "in use by user" in runtime.refused("volume", "rm", "data")


def test_volumes_of_another_container_are_mounted_where_it_has_them(runtime: Runtime, volumes: VolumeStore) -> None:
    runtime.detached("--name", "first", "-v", "data:/d", "@host", "sleep", "60")
    runtime("exec", "first", "sh", "-c", "echo shared >/d/file")
    assert (
        runtime.said("--volumes-from", "first:ro", "@host", "sh", "-c", "cat /d/file; touch /d/x; true") == "shared\n"
    )


def test_a_folder_of_the_host_is_made_by_one_way_and_missed_by_the_other(runtime: Runtime, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert str(missing) in runtime.refused("run", "--mount", f"type=bind,src={missing},dst=/d", "@host", "true")
    assert not missing.exists()
    runtime.said("-v", f"{missing}:/d", "@host", "touch", "/d/made")
    assert os.listdir(missing) == ["made"]


def test_a_read_only_folder_covers_what_is_mounted_below(runtime: Runtime, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    kernel.mount("tmpfs", str(inner), "tmpfs")
    try:
        line = ("run", "--rm", "--network", "none", "-v", f"{tmp_path}:/d:ro", "@host", "touch", "/d/inner/x")
        assert "Read-only" in runtime(*line, status=1).stderr
    finally:
        kernel.umount(str(inner))


def test_a_tmpfs_has_the_size_and_mode_asked_for(runtime: Runtime) -> None:
    seen = runtime.said("--tmpfs", "/t:size=1m,mode=700", "@host", "sh", "-c", "df -k /t | tail -1; stat -c %a /t")
    assert seen.split()[1] == "1024"
    assert seen.split()[-1] == "700"
