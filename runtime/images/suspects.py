"""Layers that may turn out to be garbage, noted before anything is done that could make them so.

The storage holds the layers of containers too, and of whoever else uses it, so a layer is never garbage merely because
no image names it: only those noted here are looked at.
"""

from __future__ import annotations

import os

from backends.errors import StorageError, UnknownLayer
from runtime import records
from runtime.errors import Damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import StorageBackend
    from runtime.paths import Paths


def _folder(paths: Paths) -> str:
    return f"{paths.images}/suspects"


def note(paths: Paths, layers: list[str]) -> None:
    """On disk when this returns."""
    if not layers:
        return
    os.makedirs(_folder(paths), 0o700, exist_ok=True)
    records.store(f"{_folder(paths)}/{os.urandom(8).hex()}.json", {"layers": layers})


def clear(paths: Paths, alive: set[str], storage: StorageBackend) -> list[str]:
    """Removes the suspected layers that are not alive; which were. Only for who holds the images' lock alone."""
    notes = _notes(paths)
    suspected = {layer for layers in notes.values() for layer in layers} - alive
    if not notes:
        return []
    parents = storage.layers()
    removed: list[str] = []
    left: list[str] = []
    for layer in sorted(suspected & set(parents), key=lambda name: _depth(name, parents), reverse=True):
        try:
            storage.remove(layer)
            removed.append(layer)
        except UnknownLayer:
            continue
        except StorageError:  # a container stands on it
            left.append(layer)
    note(paths, left)
    for path in notes:
        os.unlink(path)
    return removed


def _depth(layer: str, parents: dict[str, str | None]) -> int:
    depth = 0
    current: str | None = layer
    while current is not None and depth <= len(parents):
        current = parents.get(current)
        depth += 1
    return depth


def _notes(paths: Paths) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        names = os.listdir(_folder(paths))
    except FileNotFoundError:
        return found
    for name in names:
        path = f"{_folder(paths)}/{name}"
        if not name.endswith(".json"):
            os.unlink(path)  # half-written by a killed process
            continue
        try:
            found[path] = [layer for layer in records.load(path).get("layers", []) if isinstance(layer, str)]
        except (FileNotFoundError, Damaged):
            found[path] = []
    return found
