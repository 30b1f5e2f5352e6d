"""Several commands at the same thing at the same time, and loads that are killed."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import Runtime


def together(runtime: Runtime, *commands: tuple[str, ...]) -> list[tuple[int, str]]:
    """All at once: exit status and error of each."""
    running = [runtime.start(*command) for command in commands]
    errors = [process.communicate(timeout=60)[1].decode() for process in running]
    for error in errors:
        assert "defect" not in error
        assert "Traceback" not in error
    return [(process.returncode, error) for process, error in zip(running, errors)]


@pytest.fixture(scope="module")
def archive(store: Runtime, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of an image large enough for a load to be caught in the middle."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "blob").write_bytes(os.urandom(16 << 20))
    subprocess.run(["tar", "-C", folder, "-cf", folder / "files.tar", "blob"], check=True)
    store("import", str(folder / "files.tar"), "raced:1")
    store("save", "-o", str(folder / "image.tar"), "raced:1")
    store("rmi", "raced:1")
    return str(folder / "image.tar")


def test_one_image_loaded_twice_at_once_is_there_once(runtime: Runtime, archive: str) -> None:
    ended = together(runtime, *[("load", "-q", "-i", archive)] * 3)
    assert [status for status, _ in ended] == [0, 0, 0], ended
    assert runtime("images", "-q", "raced").stdout.count("\n") == 1
    runtime("rmi", "raced:1")
    assert os.listdir(f"{runtime.root}/tmp") == []


def test_a_container_removed_by_many_is_gone_and_nobody_breaks(runtime: Runtime) -> None:
    runtime("create", "--name", "going", "@host", "true")
    ended = together(runtime, *[("rm", "-f", "going")] * 4)
    assert 0 in [status for status, _ in ended], ended
    assert runtime.names() == set()


def test_a_container_started_by_many_runs_once(runtime: Runtime) -> None:
    name = runtime("create", "--name", "once", "--network", "none", "@host", "sh", "-c", "echo run; sleep 1000")
    ended = together(runtime, *[("start", "once")] * 4)
    assert 0 in [status for status, _ in ended], ended
    assert runtime.engine.inspect("once")["State"]["Running"]
    runtime("stop", "-t", "0", "once")
    assert runtime("logs", name.stdout.strip()).stdout == "run\n"


def test_one_name_goes_to_one(runtime: Runtime) -> None:
    ended = together(runtime, *[("create", "--name", "wanted", "@host", "true")] * 4)
    assert sorted(status for status, _ in ended) == [0, 125, 125, 125], ended
    assert all("taken" in error for status, error in ended if status)
    assert len(os.listdir(f"{runtime.root}/containers")) == 1


def test_many_containers_at_once_all_run(runtime: Runtime) -> None:
    ended = together(runtime, *[("run", "--rm", "--network", "none", "@host", "true")] * 8)
    assert [status for status, _ in ended] == [0] * 8, ended


def test_starting_and_removing_at_once_ends_in_one_of_both(runtime: Runtime) -> None:
    runtime("create", "--name", "contested", "--network", "none", "@host", "sleep", "1000")
    together(runtime, ("start", "contested"), ("rm", "-f", "contested"), ("start", "contested"))
    shown = runtime("ps", "-a", "--format", "{{.Names}} {{.State}}").stdout.strip()
    assert shown in ("", "contested running", "contested created", "contested exited")


def test_an_image_is_not_removed_under_a_container_in_the_making(runtime: Runtime, archive: str) -> None:
    runtime("load", "-q", "-i", archive)
    ended = together(runtime, ("create", "--name", "user", "raced:1", "/blob"), ("rmi", "raced:1"))
    statuses = [status for status, _ in ended]
    assert 0 in statuses, ended
    if statuses[0] == 0:
        runtime("diff", "user")  # its layers are there
        runtime("rm", "user")
    runtime("rmi", "raced:1", status=None)


@pytest.mark.parametrize("seed", range(6))
def test_a_load_killed_at_a_random_instant_costs_nothing(
    runtime: Runtime, archive: str, seed: int, eventually: Callable[[Callable[[], object]], None]
) -> None:
    command = runtime.start("load", "-q", "-i", archive)
    place = Path(runtime.root, "tmp")
    if seed % 2:  # caught with files half written
        eventually(lambda: any(place.iterdir()) or command.poll() is not None)
    time.sleep(random.Random(seed).uniform(0.0, 0.3))
    command.kill()
    command.communicate()
    shown = runtime("images", "-q", "raced").stdout
    if shown:
        runtime("rmi", "raced:1")
    runtime("system", "prune", "-f")
    assert list(place.iterdir()) == []
    blobs = {path.name for path in Path(runtime.root, "blobs").rglob("*") if path.is_file()}
    runtime("load", "-q", "-i", archive)
    runtime("rmi", "raced:1")
    assert {path.name for path in Path(runtime.root, "blobs").rglob("*") if path.is_file()} == blobs
