"""`runtime-oci delete`. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.container import CREATED, STOPPED, Container, find
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
    (Option("force", "kill a container that runs", FLAG, "f"),),
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    try:
        container = find(settings.root, arguments[0])
    except NoContainer:
        unfinished = Container(settings.root, arguments[0])
        if os.path.isdir(unfinished.folder) and said["force"]:  # killed while it was made
            abandon(unfinished)
        elif not said["force"]:
            raise
        return 0
    status = container.status()
    if status == CREATED or (said["force"] and status != STOPPED):
        kill(container)
    elif status != STOPPED:
        raise Refused(f"cannot delete container {container.identifier} that is not stopped: {status}")
    destroy(container, settings.journal)
    return 0
