"""`rm`: removing a container that a person names."""

from __future__ import annotations

import _signal as signal
import os

from backends import catalogue
from backends.errors import UnknownLayer
from backends.storage.removal import remove_tree
from runtime.containers import control, lookup, names, removal
from runtime.containers.control import Target
from runtime.containers.launch import claim
from runtime.errors import Damaged, UnknownContainer, WrongState
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def remove(paths: Paths, reference: str, find: Callable[[str], Target], force: bool, volumes: bool) -> None:
    """WrongState if it runs and `force` is not given. With `force`, a container whose record is damaged goes too."""
    try:
        target = find(reference)
    except Damaged:
        if not force:
            raise
        _sweep(paths, lookup.resolve(paths, reference))
        return
    except UnknownContainer:
        if force:
            return
        raise
    if target.status.busy:
        if not force:
            raise WrongState(
                f"container {target.label} is {target.status.name}",
                f"stop it first (`runtime stop {target.label}`), or give --force",
            )
        control.stop(target, signal.SIGKILL, 0)
    _remove(target, volumes)


def _remove(target: Target, volumes: bool) -> None:
    # A monitor that is just ending lets go of it in a moment; one that has just begun does not.
    lock = claim(target.paths, target.identifier)
    try:
        # With --rm the monitor has been quicker.
        record = lookup.find(target.paths, target.identifier)
        removal.remove_all(target.paths, record, volumes or bool(record["auto_remove"]))
    except UnknownContainer:
        remove_tree(lock.path)
    finally:
        lock.release()


def _sweep(paths: Paths, identifier: str) -> None:
    """What can be known of a container without its record."""
    for backend in os.listdir(paths.storages):
        try:
            catalogue.load("storage", backend)(paths.storage(backend)).remove(identifier)
        except (KeyError, UnknownLayer):
            continue
    for name in os.listdir(paths.names):
        names.release(paths, name, identifier)
    remove_tree(paths.container(identifier))
    remove_tree(paths.run(identifier))
    remove_tree(paths.lock(f"container-{identifier}"))
