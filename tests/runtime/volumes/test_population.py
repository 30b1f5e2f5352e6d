from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.volumes.population import is_empty, populate


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    """An image's root with something in /data."""
    (tmp_path / "root" / "data" / "deep").mkdir(parents=True)
    (tmp_path / "root" / "data" / "deep" / "file").write_text("kept")
    (tmp_path / "root" / "data" / "link").symlink_to("/etc/passwd")
    (tmp_path / "root" / "data").chmod(0o750)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    (tmp_path / "root" / "way-out").symlink_to("../outside")
    (tmp_path / "volume" / "data").mkdir(parents=True)
    descriptor = os.open(tmp_path / "root", os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return tmp_path / "volume" / "data"


def test_a_new_volume_gets_content_and_mode(root: int, volume: Path) -> None:
    populate(root, "/data", str(volume))
    assert (volume / "deep" / "file").read_text() == "kept"
    assert os.readlink(volume / "link") == "/etc/passwd"
    assert volume.stat().st_mode & 0o7777 == 0o750
    assert os.listdir(volume.parent) == ["data"]


@pytest.mark.parametrize("target", ["/missing", "/data/deep/file", "/way-out", "/../../outside"])
def test_what_is_no_folder_of_the_image_leaves_it_empty(root: int, volume: Path, target: str) -> None:
    populate(root, target, str(volume))
    assert is_empty(str(volume))


def test_what_somebody_put_there_meanwhile_stays(root: int, volume: Path) -> None:
    (volume / "mine").touch()
    populate(root, "/data", str(volume))
    assert os.listdir(volume) == ["mine"]
    assert os.listdir(volume.parent) == ["data"]


def test_what_a_killed_process_left_is_begun_anew(root: int, volume: Path) -> None:
    (volume.parent / ".filling").mkdir()
    (volume.parent / ".filling" / "half").touch()
    populate(root, "/data", str(volume))
    assert sorted(os.listdir(volume)) == ["deep", "link"]
