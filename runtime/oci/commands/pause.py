"""`runtime-oci pause`."""

from __future__ import annotations

from runtime.oci.container import CREATED, RUNNING, find
from runtime.oci.errors import Refused
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("pause", "stop all processes of a container", "CONTAINER-ID")


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    if container.status() not in (RUNNING, CREATED):
        raise Refused("container not running")
    container.cgroup().freeze()
    return 0
