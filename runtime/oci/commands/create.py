"""`runtime-oci create`. On the launch path."""

from __future__ import annotations

from runtime.errors import Problem
from runtime.oci.creation import OPTIONS, Creation
from runtime.oci.errors import Refused, words
from runtime.oci.options import Command
from runtime.oci.place import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("create", "create a container", "CONTAINER-ID", OPTIONS)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    try:
        creation = Creation(settings, arguments[0], said)
        creation.create(gated=True)
        creation.leave()
    except Problem as error:
        raise Refused(f"{program()} create failed: {words(error)}") from error
    return 0
