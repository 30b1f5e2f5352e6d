"""Taking away what a command left that was killed before its container had a record, or after it had none any more."""

from __future__ import annotations

import os

from backends.storage.removal import remove_tree
from runtime.containers import names, repair, state
from runtime.errors import NameTaken
from runtime.paths import Paths


def sweep(paths: Paths) -> list[str]:
    """One sentence for each container that is not one."""
    return [
        f"container {identifier[:12]}: its creation or removal was interrupted; what was left of it has been removed"
        for identifier in sorted(_mentioned(paths))
        if clear(paths, identifier)
    ]


def reserve(paths: Paths, name: str, identifier: str) -> None:
    """`names.reserve`, also where only what is left of a killed creation has that name."""
    try:
        names.reserve(paths, name, identifier)
    except NameTaken:
        if not clear(paths, names.holder(paths, name)):
            raise
        names.reserve(paths, name, identifier)


def clear(paths: Paths, identifier: str) -> bool:
    """Whether there was something of a container without a record, which nobody is at work on. It is gone then."""
    if not identifier or os.path.lexists(paths.record(identifier)):
        return False
    lock = state.lock(paths, identifier)
    if not lock.acquire(wait=False):
        return False
    try:
        if os.path.lexists(paths.record(identifier)):
            return False
        repair.clear_run(paths, identifier)
        remove_tree(paths.container(identifier))
        for name in _entries(paths.names):
            names.release(paths, name, identifier)
        remove_tree(lock.path)
        return True
    finally:
        lock.release()


def _mentioned(paths: Paths) -> set[str]:
    """The identifiers that have a name, a folder, a run folder or a lock."""
    owners = {names.holder(paths, name) for name in _entries(paths.names)}
    locks = _entries(os.path.dirname(paths.lock("x")))
    held = {name[len("container-") : -len(".lock")] for name in locks if name.startswith("container-")}
    runs = _entries(os.path.dirname(paths.run("x")))
    return (owners | held | set(_entries(paths.containers)) | set(runs)) - {""}


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
