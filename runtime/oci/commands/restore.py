"""`runtime-oci restore`: refused by name, so that an engine says why."""

from __future__ import annotations

from runtime.oci.errors import Refused
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("restore", "refused: not supported yet", "CONTAINER-ID", least=0, most=-1)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    raise Refused("restore is not supported by runtime-oci yet")
