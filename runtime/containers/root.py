"""Reaching a container's root file system from outside, whether it runs or not."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from arch import kernel
from backends import catalogue
from backends.errors import BackendError
from runtime.containers.control import Target
from runtime.errors import Problem
from runtime.monitor.run import seclude

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.shift import Owners

_FOLLOWED = "proot"  # whose containers are in no namespace, and have a root in nobody's eyes but their own
_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def root(target: Target, owners: Owners | None = None) -> Iterator[int]:
    """A descriptor of the root folder, with the volumes on it while the container runs. Paths in it are to be opened
    with `arch.inside` only: whoever is in the container may change them meanwhile. `owners` shows the files of one
    that does not run as its user namespace sees them."""
    if target.status.running:
        descriptor = os.open(seen_at(target), _PATH)
    elif "rootfs" in target.record["storage"]:
        descriptor = os.open(target.record["storage"]["rootfs"], _PATH)
    else:
        with _mounted(target, owners) as descriptor:
            yield descriptor
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def seen_at(target: Target) -> str:
    """Where the root of a running container is seen. To the kernel, a proot's is the host's own."""
    record = target.record
    if record["selections"]["execution"]["chosen"] != _FOLLOWED:
        return f"/proc/{target.status.pid}/root"
    storage = record["storage"]
    if "rootfs" in storage:
        return str(storage["rootfs"])
    backend = catalogue.load("storage", storage["backend"])(storage["folder"])
    return str(backend.mount(storage["layer"], target.paths.rootfs(target.identifier)))


@contextmanager
def _mounted(target: Target, owners: Owners | None) -> Iterator[int]:
    """Mounts the layer in a mount namespace of a child's, so that nothing stays mounted however we end."""
    ready, tell = os.pipe()
    hold, release = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(release)
        os.close(ready)
        _keep(target, owners, tell, hold)
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


def _keep(target: Target, owners: Owners | None, tell: int, hold: int) -> None:
    """The child: mounts, says where, and waits until nobody holds the other end of the pipe. Never returns."""
    try:
        kernel.set_parent_death_signal(9)
        seclude()
        storage = target.record["storage"]
        place = target.paths.rootfs(target.identifier)
        os.makedirs(place, exist_ok=True)
        backend = catalogue.load("storage", storage["backend"])(storage["folder"])
        where = backend.mount(storage["layer"], place, owners=owners)
        os.write(tell, f"{where}\n".encode())
        os.close(tell)
        os.read(hold, 1)
    except (OSError, BackendError) as error:
        os.write(tell, f"{error}\n".encode())
    finally:
        os._exit(0)


def as_inside(target: Target, action: Callable[[], None]) -> None:
    """Does something with the files of a container's root as its own root user would see and leave them: in a child
    inside its user namespace, if it runs in one of its own: it cannot import, for our files are not its to read.
    Problem with the error's text if that fails."""
    place = f"/proc/{target.status.pid}/ns/user"
    followed = target.record["selections"]["execution"]["chosen"] == _FOLLOWED
    if not target.status.running or followed or os.readlink(place) == os.readlink("/proc/self/ns/user"):
        action()
        return
    codecs.lookup("ascii")  # of tar headers: its module could not be imported inside
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _enter(place, action, tell)
    os.close(tell)
    with open(ready, "rb") as answers:
        said = answers.read().decode("utf-8", "replace")
    status = os.waitpid(child, 0)[1]
    if said or status:
        raise Problem(f"cannot reach the files of container {target.label}: {said or 'the helper died'}")


def _enter(place: str, action: Callable[[], None], tell: int) -> None:
    """The child. Never returns."""
    try:
        kernel.set_parent_death_signal(9)
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        kernel.setns(descriptor, kernel.CLONE_NEWUSER)
        os.setgid(0)
        os.setgroups([])
        os.setuid(0)
        action()
    except Exception as error:  # whatever it is, the parent is to hear of it
        os.write(tell, (str(error) or type(error).__name__).encode())
    finally:
        os._exit(0)
