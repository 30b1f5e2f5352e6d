"""Taking a container away, whole, in an order in which every interruption leaves a record that says so.

On the launch path: a monitor removes its own container when that was wished (`--rm`).
"""

from __future__ import annotations

import os

from backends import catalogue
from backends.errors import UnknownLayer
from backends.storage.removal import remove_tree
from runtime.containers import record as containers
from runtime.containers.names import release
from runtime.errors import NoSpace
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.containers.record import Record


def remove_all(paths: Paths, record: Record, volumes: bool = True) -> None:
    """Removes the layer, the anonymous volumes (if `volumes`), the name and the folder. The container is not running,
    and the caller holds its lock. Safe to repeat after an interruption."""
    try:
        containers.advance(paths, record, containers.REMOVING)
    except NoSpace:  # removing is what makes room
        record["phase"] = containers.REMOVING
    storage = record.get("storage") or {}
    if "layer" in storage:
        try:
            catalogue.load("storage", storage["backend"])(storage["folder"]).remove(storage["layer"])
        except UnknownLayer:
            pass  # an earlier, interrupted removal got this far
    if volumes:
        for volume in record.get("volumes") or ():
            remove_tree(f"{paths.volumes}/{volume}")
    release(paths, record["name"], record["id"])
    folder = paths.container(record["id"])
    for name in os.listdir(folder):
        if name != "record.json":
            remove_tree(f"{folder}/{name}")
    os.unlink(paths.record(record["id"]))
    os.rmdir(folder)
    _forget(paths.lock(f"container-{record['id']}"))


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
