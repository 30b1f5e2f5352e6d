"""`runtime-oci state`."""

from __future__ import annotations

import sys

from runtime.oci.container import find
from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("state", "show a container's state, as JSON", "CONTAINER-ID")


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    from json import dumps

    sys.stdout.write(dumps(find(settings.root, arguments[0]).state(), indent=2) + "\n")
    return 0
