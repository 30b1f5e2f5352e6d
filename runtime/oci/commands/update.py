"""`runtime-oci update`."""

from __future__ import annotations

import sys

from runtime.oci.container import STOPPED, Container, find
from runtime.oci.errors import Refused
from runtime.oci.limits import OPTIONS, from_options, shares
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("update", "change a container's limits", "CONTAINER-ID", OPTIONS)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    resources = _read(said["resources"]) if said["resources"] else from_options(said)
    if container.status() == STOPPED:
        raise Refused("container not running")
    wanted = shares(said)
    if wanted:
        _share(container, wanted)
    container.cgroup().update(resources)
    return 0


def _share(container: Container, wanted: dict[str, Any]) -> None:
    present = container.record.get("intel_rdt")
    if present is None:
        raise Refused("linux.intelRdt: the container was created without it, and is in no group of its own")
    from backends.cgroups.resctrl import Group, Wish, top

    wish = Wish({"closID": present.get("closID"), **wanted}, container.identifier)
    Group(top(), wish, container.identifier).change()


def _read(path: str) -> dict[str, Any]:
    """linux.resources of a file, or of standard input for "-"."""
    if path != "-":
        from runtime.oci.bundle import read_object

        return read_object(path)
    from runtime.records import decode

    try:
        resources = decode(sys.stdin.read())
    except ValueError as error:
        raise Refused(f"standard input: {error}") from None
    if not isinstance(resources, dict):
        raise Refused("standard input: not a JSON object")
    return resources
