"""Whole containers on the real kernel, through the command line. One store a worker; each test leaves nothing in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci import images
from runtime.engine import Engine
from runtime.settings import settle

REPOSITORY = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.live)


@dataclass(frozen=True)
class Runtime:
    """The command line with a root and a state folder of its own."""

    root: str
    state: str

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "runtime.cli.main", "--root", self.root, "--state", self.state, *arguments]

    def __call__(
        self, *arguments: str, status: int | None = 0, stdin: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=REPOSITORY,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if status is not None:
            assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def detached(self, *arguments: str) -> str:
        """The identifier of a container left running, by `run`'s flags, image and program."""
        return self("run", "-d", "--network", "none", *arguments).stdout.strip()

    def said(self, *arguments: str, stdin: str | None = None) -> str:
        """What a program said in a container that is gone by now, by `run`'s flags, image and program."""
        interactive = () if stdin is None else ("-i",)
        return self("run", "--rm", "--network", "none", *interactive, *arguments, stdin=stdin).stdout

    def refused(self, *arguments: str, status: int = 125, timeout: float = 60) -> str:
        """The error of a command that fails in a way that was foreseen: one message, with a hint."""
        told = self(*arguments, status=status, timeout=timeout).stderr
        assert "a defect of this program" not in told
        assert "Traceback" not in told
        return told

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def engine(self) -> Engine:
        """A new engine: nothing of an earlier one is remembered."""
        return Engine(settle(self.root, self.state))

    def names(self) -> set[str]:
        return {row["Names"] for row in self.engine.containers(True)}


@pytest.fixture(scope="session")
def store() -> Iterator[Runtime]:
    """Shared by a worker's tests: the image is made once."""
    if os.geteuid() != 0:
        pytest.skip("privilege.root: not running as root")
    folder = tempfile.mkdtemp(prefix="runtime-live-", dir="/var/tmp")
    made = Runtime(f"{folder}/root", f"{folder}/state")
    made.engine.images.find("@host")
    yield made
    with open("/proc/self/mountinfo") as mounts:
        left = [line for line in mounts if folder in line]
    assert left == []
    shutil.rmtree(folder)


@pytest.fixture
def runtime(store: Runtime) -> Iterator[Runtime]:
    """Removes the test's containers, and holds that nothing of them is left."""
    yield store
    identifiers = []
    for row in store.engine.containers(True):
        identifiers.append(row["ID"])
        store.engine.remove(row["ID"], force=True, volumes=True)
    leftovers = [path for name in identifiers for path in Path("/sys/fs/cgroup").glob(f"*/runtime/{name}")]
    assert leftovers == []
    assert os.listdir(f"{store.root}/containers") == []
    assert os.listdir(f"{store.root}/names") == []
    assert os.listdir(f"{store.state}/containers") == []
    layers = store.engine.storage().layers()
    assert [name for name in layers if name in identifiers] == []


@pytest.fixture(scope="session")
def debian(store: Runtime) -> Callable[[str], str]:
    """Debian's root filesystems by their names in ci/images.py, imported under the same; made where there are none."""

    def imported(name: str) -> str:
        if store("inspect", name, status=None).returncode:
            store("import", archive(name), name, timeout=300)
        return name

    return imported


def archive(name: str) -> str:
    """The path of one of Debian's root filesystems. One process makes it, others wait."""
    if not os.path.exists(images.path(name)):
        if shutil.which("mmdebstrap") is None:
            pytest.skip("mmdebstrap is not installed, and nobody has made the archive before")
        os.makedirs(images.cache(), exist_ok=True)
        with open(f"{images.cache()}/.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return images.make(name)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"mmdebstrap cannot make it: {error}")
    return images.path(name)


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits for a condition, at most twenty seconds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.01)

    return wait
