"""Reaching a container's root file system from outside, whether it runs or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from arch import kernel
from backends import catalogue
from backends.errors import BackendError
from runtime.containers.control import Target
from runtime.errors import Problem
from runtime.monitor.run import seclude

_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def root(target: Target) -> Iterator[int]:
    """A descriptor of the root folder, with the volumes on it while the container runs. Paths in it are to be opened
    with `arch.inside` only: whoever is in the container may change them meanwhile."""
    if target.status.running:
        descriptor = os.open(f"/proc/{target.status.pid}/root", _PATH)
    elif "rootfs" in target.record["storage"]:
        descriptor = os.open(target.record["storage"]["rootfs"], _PATH)
    else:
        with _mounted(target) as descriptor:
            yield descriptor
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _mounted(target: Target) -> Iterator[int]:
    """Mounts the layer in a mount namespace of a child's, so that nothing stays mounted however we end."""
    ready, tell = os.pipe()
    hold, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)
        os.close(ready)
        _keep(target, tell, hold)
    os.close(tell)
    os.close(hold)
    try:
        with open(ready, "rb") as answers:
            answer = answers.readline().decode("utf-8", "replace").rstrip("\n")
        if not answer.startswith("/"):
            raise Problem(f"cannot mount the root of container {target.label}: {answer or 'the helper died'}")
        descriptor = os.open(f"/proc/{child}/root{answer}", _PATH)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        os.close(release)
        os.waitpid(child, 0)
        _forget(target)


def _forget(target: Target) -> None:
    """Removes the folders that were only there to mount on, unless somebody else uses them by now."""
    for folder in (target.paths.rootfs(target.identifier), target.paths.run(target.identifier)):
        try:
            os.rmdir(folder)
        except OSError:
            return


def _keep(target: Target, tell: int, hold: int) -> None:
    """The child: mounts, says where, and waits until nobody holds the other end of the pipe. Never returns."""
    try:
        kernel.set_parent_death_signal(9)
        seclude()
        storage = target.record["storage"]
        place = target.paths.rootfs(target.identifier)
        os.makedirs(place, exist_ok=True)
        where = catalogue.load("storage", storage["backend"])(storage["folder"]).mount(storage["layer"], place)
        os.write(tell, f"{where}\n".encode())
        os.close(tell)
        os.read(hold, 1)
    except (OSError, BackendError) as error:
        os.write(tell, f"{error}\n".encode())
    finally:
        os._exit(0)
