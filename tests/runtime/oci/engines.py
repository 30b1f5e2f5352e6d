"""What engines of others need that are to have a runtime of ours: daemons of their own, and nothing left of them."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.runtime.oci.conftest import REPOSITORY

RUNTIMES = ("runc", "runtime-oci")
PATIENCE = 30.0  # seconds
_CGROUPS = Path("/sys/fs/cgroup")


def runtimes(folder: Path) -> dict[str, str]:
    """The programs that engines are given: runc's, and ours of this checkout."""
    ours = folder / "runtime-oci"
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from runtime.oci.main import main; main()"
    ours.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    ours.chmod(0o755)
    return {"runc": shutil.which("runc") or "", "runtime-oci": str(ours)}


@contextmanager
def workshop(name: str) -> Iterator[Path]:
    """A short path: sockets below it may have 108 bytes."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def daemon(command: Sequence[str], log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """Runs until the end of the block, which begins when it answers."""
    with open(log, "wb") as stream:
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE)


@contextmanager
def nothing_left(*paths: str) -> Iterator[None]:
    """Files and folders outside its own that an engine makes are removed, if they were not there before."""
    new = [path for path in paths if not os.path.lexists(path)]
    try:
        yield
    finally:
        for path in new:
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)


@contextmanager
def cgroup_parent() -> Iterator[str]:
    """A cgroup for an engine's containers, which engines do not remove."""
    name = f"engine-{os.urandom(4).hex()}"
    try:
        yield f"/{name}"
    finally:
        for hierarchy in (_CGROUPS, *_CGROUPS.iterdir()):
            if (hierarchy / name).is_dir():
                _remove(hierarchy, hierarchy / name)


def _remove(hierarchy: Path, parent: Path) -> None:
    """podman makes plain folders, for the hierarchies that a kernel does not have, in the tmpfs that holds the mounts
    of those that it has."""
    if hierarchy == _CGROUPS or os.path.ismount(hierarchy):
        for folder, _, _ in os.walk(parent, topdown=False):
            _remove_emptied(folder)
        return
    shutil.rmtree(parent)
    try:
        hierarchy.rmdir()
    except OSError:
        return  # in use by another engine


def _remove_emptied(folder: str) -> None:
    """podman has processes that clean up after its containers, and later end."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return os.rmdir(folder)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


_CONTAINERD = """\
version = 2
root = "{0}/containerd/root"
state = "{0}/containerd/state"
oom_score = 0
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{0}/containerd.sock"
[ttrpc]
address = "{0}/containerd.ttrpc"
"""


@contextmanager
def containerd(folder: Path) -> Iterator[list[str]]:
    """The command to talk to one, in `folder`."""
    settings = folder / "containerd.toml"
    settings.write_text(_CONTAINERD.format(folder))
    client = ["ctr", "--address", f"{folder}/containerd.sock"]

    def answers() -> bool:
        return subprocess.run([*client, "version"], capture_output=True, check=False).returncode == 0

    with daemon(["containerd", "--config", str(settings)], folder / "containerd.log", answers):
        yield client
