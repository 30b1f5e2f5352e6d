"""`runtime-oci kill`. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.container import STOPPED, find, found
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
    (
        Option("all", "send it to all processes of the container", FLAG, "a"),
        Option("regex", "the name is a regular expression: all containers that it finds", FLAG, "r"),
    ),
    most=2,
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    number = number_of(arguments[1] if len(arguments) > 1 else "SIGTERM")
    for identifier in found(settings.root, arguments[0]) if said["regex"] else arguments[:1]:
        _kill(settings, said, identifier, number)
    return 0


def _kill(settings: Settings, said: dict[str, Any], identifier: str, number: int) -> None:
    container = find(settings.root, identifier)
    if said["all"]:
        members = container.cgroup().members()
        for pid in members:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        if members:
            return
    stopped = container.status() == STOPPED
    if stopped and said["all"]:
        return
    if number == _SIGKILL and not container.own_processes() and container.record["cgroups"]:
        cgroup = container.cgroup()
        if not stopped or cgroup.members():
            cgroup.kill()  # no PID namespace ends the others, who may outlive the first
            return
    if stopped:
        raise Refused("container not running")
    send(container, number)
