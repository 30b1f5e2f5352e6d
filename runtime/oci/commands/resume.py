"""`runtime-oci resume`."""

from __future__ import annotations

from runtime.oci.container import STOPPED, find
from runtime.oci.errors import Refused
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("resume", "let a paused container go on", "CONTAINER-ID")


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    cgroup = container.cgroup()
    if container.status() == STOPPED or not cgroup.frozen():
        raise Refused("container not paused")
    cgroup.thaw()
    return 0
