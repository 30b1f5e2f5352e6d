"""Whole containers on every storage backend that this kernel has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.disks import btrfs_disk
from tests.live.conftest import Runtime

PROGRAMS = {"fuse-overlayfs": "fuse-overlayfs", "btrfs": "mkfs.btrfs"}


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    name = request.node.callspec.params["backend"]
    if name in PROGRAMS and not shutil.which(PROGRAMS[name]):
        pytest.skip(f"{PROGRAMS[name]} is not installed")
    if name != "btrfs":
        yield tmp_path
        return
    with btrfs_disk(tmp_path) as top:
        yield top


@pytest.mark.parametrize("backend", ["overlay-single", "overlay-user", "fuse-overlayfs", "btrfs", "copy"])
def test_a_container_lives_on_it_and_moves_to_another(folder: Path, tmp_path: Path, backend: str) -> None:
    runtime = Runtime(str(folder / "root"), str(tmp_path / "state"))
    flags = ("--storage", backend, "run", "--network", "none", "--name", "box")
    explained = runtime(*flags, "--explain", "@host", "true").stdout
    assert f"storage: {backend} (it was asked for by name)" in explained
    assert ("are copied for this container before it starts" in explained) == (backend == "copy")
    script = "echo changed >/etc/mine; rm /etc/passwd; cat /proc/self/mountinfo"
    runtime(*flags, "@host", "sh", "-c", script)
    before = runtime("diff", "box").stdout
    assert "A /etc/mine" in before
    assert "D /etc/passwd" in before
    told = runtime("system", "migrate", "--storage", "overlay")
    assert "to overlay" in told.stdout
    assert "MiB are free" in told.stderr
    assert os.listdir(folder / "root/storage") == ["overlay"]
    assert runtime("diff", "box").stdout == before
    runtime("start", "-a", "box")
    runtime("rm", "box")
