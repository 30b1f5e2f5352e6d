"""`runtime-oci events`."""

from __future__ import annotations

import sys
import time

from runtime.oci.container import STOPPED, find
from runtime.oci.errors import Refused
from runtime.oci.options import TEXT, Command, Option
from runtime.oci.statistics import shown
from runtime.records import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command(
    "events",
    "show a container's statistics",
    "CONTAINER-ID",
    (Option("stats", "once, and end"), Option("interval", "between two, as 5s or 500ms", TEXT, value="5s")),
)
_POLL = 0.1  # seconds: the container's end, and a process killed for want of memory, are told that soon


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    container = find(settings.root, arguments[0])
    interval = seconds(said["interval"])
    if container.status() == STOPPED:
        raise Refused(f"container with id {container.identifier} is not running")
    cgroup = container.cgroup()
    _tell("stats", container.identifier, shown(cgroup))
    if said["stats"]:
        return 0
    due = time.monotonic() + interval
    kills = cgroup.oom_kills() or 0
    while container.status() != STOPPED:
        time.sleep(_POLL)
        now_killed = cgroup.oom_kills() or 0
        if now_killed > kills:
            kills = now_killed
            _tell("oom", container.identifier, None)
        if time.monotonic() >= due:
            due += interval
            _tell("stats", container.identifier, shown(cgroup))
    return 0


def _tell(kind: str, identifier: str, data: dict[str, Any] | None) -> None:
    event: dict[str, Any] = {"type": kind, "id": identifier}
    if data is not None:
        event["data"] = data
    sys.stdout.write(encode(event) + "\n")
    sys.stdout.flush()


def seconds(text: str) -> float:
    """Go's durations, of one unit."""
    for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)):
        number = text[: -len(unit)]
        if text.endswith(unit) and number.replace(".", "", 1).isdigit() and float(number) > 0:
            return float(number) * factor
    raise Refused(f"invalid duration {text!r}: it is like 5s")
