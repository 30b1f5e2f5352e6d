"""`runtime-oci kill`. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.container import STOPPED, find
from runtime.oci.deletion import send
from runtime.oci.errors import Refused
from runtime.oci.options import FLAG, Command, Option
from runtime.oci.signals import number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

_SIGKILL = 9

COMMAND = Command(
    "kill",
    "send a signal to a container's first process",
    "CONTAINER-ID [SIGNAL]",
    (Option("all", "send it to all processes of the container", FLAG, "a"),),
    most=2,
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    number = number_of(arguments[1] if len(arguments) > 1 else "SIGTERM")
    if said["all"]:
        members = container.cgroup().members()
        for pid in members:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        if members:
            return 0
    if container.status() == STOPPED:
        if said["all"]:
            return 0
        raise Refused("container not running")
    if number == _SIGKILL and not container.own_processes() and container.record["cgroups"]:
        container.cgroup().kill()  # no PID namespace ends the others
        return 0
    send(container, number)
    return 0
