"""`runtime-oci delete`. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.container import CREATED, STOPPED, Container, find, found
from runtime.oci.deletion import abandon, destroy, kill
from runtime.oci.errors import NoContainer, Refused
from runtime.oci.options import FLAG, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "delete",
    "delete what a container that ended holds",
    "CONTAINER-ID",
    (
        Option("force", "kill a container that runs", FLAG, "f"),
        Option("regex", "the name is a regular expression: all containers that it finds", FLAG, "r"),
    ),
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    for identifier in found(settings.root, arguments[0]) if said["regex"] else arguments[:1]:
        _delete(settings, said, identifier)
    return 0


def _delete(settings: Settings, said: dict[str, Any], identifier: str) -> None:
    try:
        container = find(settings.root, identifier)
    except NoContainer:
        unfinished = Container(settings.root, identifier)
        if os.path.isdir(unfinished.folder) and said["force"]:  # killed while it was made
            abandon(unfinished)
        elif not said["force"]:
            raise
        return
    status = container.status()
    if status == CREATED or (said["force"] and status != STOPPED):
        kill(container)
    elif status != STOPPED:
        raise Refused(f"cannot delete container {container.identifier} that is not stopped: {status}")
    destroy(container, settings.journal)
