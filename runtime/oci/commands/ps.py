"""`runtime-oci ps`."""

from __future__ import annotations

import sys

from runtime.oci.container import find
from runtime.oci.errors import Refused
from runtime.oci.options import TEXT, Command, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "ps",
    "show the processes of a container",
    "CONTAINER-ID [OPTION OF ps...]",
    (Option("format", "table or json", TEXT, "f", "table"),),
    most=-1,
    ordered=True,
)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    # Engines write the options behind the name too, where ps's own may be.
    words = arguments[1:]
    if len(words) == 2 and words[0] in ("-f", "--format", "-format"):
        said["format"], words = words[1], []
    if said["format"] not in ("table", "json"):
        raise Refused("invalid format option")
    members = find(settings.root, arguments[0]).cgroup().members()
    if said["format"] == "json":
        from runtime.records import encode

        sys.stdout.write(encode(members) + "\n")
        return 0
    sys.stdout.write(_table(members, words or ["-ef"]))
    return 0


def _table(members: list[int], words: list[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(["ps", *words], stdout=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise Refused("ps is not installed here: use --format json") from None
    head, *lines = done.stdout.splitlines() or [""]
    if "PID" not in head.split():
        raise Refused("couldn't find PID field in ps output")
    column = head.split().index("PID")
    wanted = {str(pid) for pid in members}
    kept = [line for line in lines if line.split()[column : column + 1] and line.split()[column] in wanted]
    return "".join(line + "\n" for line in [head, *kept])
