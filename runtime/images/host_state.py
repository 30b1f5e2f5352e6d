"""Whether `@host` has been made, of the programs and libraries as they are now: asked by every `run` of it."""

from __future__ import annotations

import os

from runtime import records
from runtime.errors import Damaged
from runtime.images import catalogue
from runtime.images.host_programs import FOLDERS, PROGRAMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from backends.contract import StorageBackend
    from runtime.paths import Paths

HOST = "@host"
SCHEMA = 1


def current(paths: Paths, storage: StorageBackend) -> str:
    """The image's identifier; empty if it is to be made: missing, out of date, or of a damaged record."""
    try:
        record = records.load(_path(paths), SCHEMA)
        identifier = str(record["id"])
        known = catalogue.read(paths)
        layers = known.images[identifier]["layers"]
        same = record["programs"] == programs() and record["sources"] == _states(record["sources"])
    except (FileNotFoundError, Damaged, KeyError, TypeError):
        return ""
    named = known.references.get(HOST) == [identifier]
    return identifier if same and named and set(layers) <= set(storage.layers()) else ""


def remember(paths: Paths, identifier: str, found: dict[str, str], sources: Iterable[str]) -> None:
    records.store(_path(paths), {"id": identifier, "programs": found, "sources": _states(sources)}, SCHEMA)


def programs() -> dict[str, str]:
    """The programs that are here: {name: path}."""
    found = {}
    for name in PROGRAMS:
        for folder in FOLDERS:
            path = f"{folder}/{name}"
            if os.access(path, os.X_OK) and os.path.isfile(path):
                found[name] = path
                break
    return found


def _path(paths: Paths) -> str:
    return f"{paths.images}/host.json"


def _states(sources: Iterable[str]) -> dict[str, list[int]]:
    states = {}
    for path in sources:
        try:
            status = os.stat(path)
        except OSError:
            states[path] = [0, 0, 0]
            continue
        states[path] = [status.st_mtime_ns, status.st_ino, status.st_size]
    return states
