"""A store on a file system that is full or read-only: told in words, and nothing half-made stays."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arch import kernel
from arch.constants import MNT_DETACH, MS_REMOUNT
from tests.live.conftest import Runtime
from tests.live.test_bad_commands import SHAPE

MEGABYTES = 96  # @host is kept as a blob and unpacked
SMALL = 8


@pytest.fixture(params=[MEGABYTES])
def disk(store: Runtime, request: pytest.FixtureRequest) -> Iterator[Runtime]:
    """A store of its own on a tmpfs that has room for @host and little more."""
    folder = tempfile.mkdtemp(prefix="runtime-disk-", dir="/var/tmp")
    kernel.mount("disk", folder, "tmpfs", 0, f"size={request.param}m")
    state = tempfile.mkdtemp(prefix="runtime-disk-state-", dir="/var/tmp")
    try:
        yield Runtime(f"{folder}/root", state)
    finally:
        kernel.umount(folder, MNT_DETACH)
        os.rmdir(folder)
        subprocess.run(["rm", "-rf", state], check=True)


def fill(runtime: Runtime, leave: int) -> Path:
    """Takes all room of the disk but `leave` bytes."""
    place = Path(runtime.root).parent
    room = os.statvfs(place)
    filler = place / "filler"
    with open(filler, "wb") as file:
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - leave)))
    return filler


def used(runtime: Runtime) -> int:
    room = os.statvfs(Path(runtime.root).parent)
    return (room.f_blocks - room.f_bfree) * room.f_frsize


@pytest.fixture(scope="module")
def large(store: Runtime, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The archive of an image that does not fit."""
    tmp_path = tmp_path_factory.mktemp("large")
    (tmp_path / "blob").write_bytes(os.urandom((SMALL + 4) << 20))
    subprocess.run(["tar", "-C", tmp_path, "-cf", tmp_path / "files.tar", "blob"], check=True)
    identifier = store("import", str(tmp_path / "files.tar"), "large:1").stdout.strip()
    store("save", "-o", str(tmp_path / "large.tar"), "large:1")
    store("rmi", "large:1")
    assert identifier
    return str(tmp_path / "large.tar")


@pytest.mark.parametrize("disk", [SMALL], indirect=True)
@pytest.mark.parametrize("command", ["load", "import"])
def test_an_image_that_does_not_fit_is_refused_and_gives_all_room_back(disk: Runtime, large: str, command: str) -> None:
    disk("images")
    before = used(disk)
    arguments = ("load", "-i", large) if command == "load" else ("import", large, "x:1")
    told = disk.refused(*arguments)
    assert SHAPE.match(told)
    assert "No space left" in told
    assert disk("images", "-q").stdout == ""
    assert used(disk) - before < 1 << 20


def test_a_container_that_cannot_be_made_leaves_nothing(disk: Runtime) -> None:
    disk("run", "--rm", "--network", "none", "@host", "true")
    filler = fill(disk, 0)
    told = disk.refused("run", "--name", "unlucky", "--network", "none", "@host", "true")
    assert "No space left" in told
    assert "Hint: " in told
    filler.unlink()
    assert os.listdir(f"{disk.root}/containers") == []
    assert os.listdir(f"{disk.root}/names") == []
    disk("run", "--rm", "--name", "unlucky", "--network", "none", "@host", "true")


def test_a_log_without_room_does_not_stop_the_program(
    disk: Runtime, eventually: Callable[[Callable[[], object]], None]
) -> None:
    script = (
        "until test -e /free/full; do sleep 0.02; done; seq 50000; touch /free/said; "
        "while :; do echo later; sleep 0.05; done"
    )
    name = disk.detached("--tmpfs", "/free", "@host", "sh", "-c", script)
    filler = fill(disk, 64 << 10)
    disk("exec", name, "touch", "/free/full")
    disk("exec", name, "sh", "-c", "until test -e /free/said; do sleep 0.02; done")
    filler.unlink()
    eventually(lambda: disk("logs", name).stdout.endswith("later\n"))
    assert "bytes of output could not be logged" in disk("logs", name).stderr
    disk("rm", "-f", name)


def test_a_program_inside_sees_the_full_disk(disk: Runtime) -> None:
    done = disk("run", "--rm", "--network", "none", "@host", "sh", "-c", "head -c 100M /dev/zero >/x", status=1)
    assert "No space left" in done.stderr
    assert used(disk) < MEGABYTES << 20


def test_a_read_only_store_is_told(disk: Runtime) -> None:
    disk("run", "--rm", "--network", "none", "@host", "true")
    kernel.mount(None, str(Path(disk.root).parent), None, MS_REMOUNT | 1, None)
    for arguments in (
        ("run", "--network", "none", "@host", "true"),
        ("tag", "@host", "x:1"),
        ("load", "-i", "/dev/null"),
    ):
        told = disk.refused(*arguments)
        assert SHAPE.match(told)
    assert "@host" in disk("images").stdout
    assert disk("ps", "-a", "-q").stdout == ""
