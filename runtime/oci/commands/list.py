"""`runtime-oci list`."""

from __future__ import annotations

import os
import sys

from runtime.oci.container import every
from runtime.oci.errors import Refused
from runtime.oci.options import FLAG, TEXT, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.container import Container
    from runtime.oci.settings import Settings

COMMAND = Command(
    "list",
    "list the containers below --root",
    "",
    (Option("format", "table or json", TEXT, "f", "table"), Option("quiet", "only their names", FLAG, "q")),
    least=0,
    most=0,
)
_HEAD = ("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER")


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    if said["format"] not in ("table", "json"):
        raise Refused("invalid format option")
    found = every(settings.root)
    if said["quiet"]:
        sys.stdout.write("".join(f"{container.identifier}\n" for container in found))
        return 0
    states = [{**container.state(), "owner": _owner(container)} for container in found]
    if said["format"] == "json":
        from json import dumps

        sys.stdout.write(dumps(states or None, separators=(",", ":")) + "\n")
        return 0
    rows = [_HEAD]
    rows += [(s["id"], str(s["pid"]), s["status"], s["bundle"], s["created"], s["owner"]) for s in states]
    widths = [max(12, *(len(row[column]) + 3 for row in rows)) for column in range(len(_HEAD))]
    for row in rows:
        sys.stdout.write("".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip() + "\n")
    return 0


def _owner(container: Container) -> str:
    import pwd

    uid = os.stat(container.folder).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
