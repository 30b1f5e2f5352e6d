"""--volumes-from: the volumes and folders of other containers."""

from __future__ import annotations

import os

from runtime import records
from runtime.containers import inspection, lookup, status
from runtime.containers.control import Target
from runtime.containers.request import Mount, Request
from runtime.errors import InvalidInput
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def with_inherited_mounts(paths: Paths, request: Request) -> Request:
    """The request with the mounts of the containers that it names; its own at the same targets go first, then those
    of the first container named. UnknownContainer, InvalidInput."""
    chosen = {mount.target: mount for mount in request.mounts}
    for text in request.volumes_from:
        name, colon, access = text.partition(":")
        if colon and access not in ("ro", "rw"):
            raise InvalidInput(f"--volumes-from: {text!r} is not CONTAINER[:ro]")
        record = lookup.find(paths, name)
        bundle = records.load(paths.bundle(record["id"]))
        for entry in inspection.mounts(Target(paths, record, status.observe(paths, record)), bundle):
            if entry["Type"] != "tmpfs":
                chosen.setdefault(entry["Destination"], _mount(entry, access == "ro"))
    return request.replaced(mounts=tuple(chosen.values()))


def _mount(entry: dict[str, Any], read_only: bool) -> Mount:
    source = entry["Source"]
    if entry["Type"] == "volume":
        source = os.path.basename(os.path.dirname(source))  # VOLUMES/NAME/data
    return Mount(entry["Type"], source, entry["Destination"], read_only or not entry["RW"], copy=False)
