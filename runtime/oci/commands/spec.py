"""`runtime-oci spec`."""

from __future__ import annotations

import os

from runtime.oci.errors import Refused
from runtime.oci.options import TEXT, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "spec",
    "write a config.json to begin with",
    "",
    (Option("bundle", "folder to write it to", TEXT, "b"), Option("rootless", "one for an ordinary user")),
    least=0,
    most=0,
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    from json import dumps

    from runtime.oci.example import config, without_root

    document = config()
    if said["rootless"]:
        without_root(document, os.geteuid(), os.getegid())
    path = os.path.join(said["bundle"] or ".", "config.json")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(dumps(document, indent="\t") + "\n")
    except FileExistsError:
        raise Refused("File config.json exists. Remove it first") from None
    return 0
