"""What is true of a container now. On the launch path.

A record says what was wanted; this says what is. The run folder's `state.json` is written by the monitor, and believed
only while the monitor holds the container's lock: running means pid and start time and lock, never the record alone.
"""

from __future__ import annotations

import os

from runtime import records
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1


def start_time(pid: int) -> int:
    """Field 22 of /proc/PID/stat (proc(5)): ticks after boot; with the pid it names a process for ever. 0 if gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    fields = text[text.rindex(b")") + 2 :].split()
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])


def alive(pid: int, started: int) -> bool:
    return pid > 0 and start_time(pid) == started


def lock(paths: Paths, identifier: str) -> records.Lock:
    """The lock that a container's monitor holds for as long as it lives. It lies outside the run folder, which comes
    and goes."""
    return records.Lock(paths.lock(f"container-{identifier}"))


def write(paths: Paths, identifier: str, content: dict[str, Any]) -> None:
    """Not synced: it means nothing after a power cut."""
    path = paths.run(identifier) + "/state.json"
    with open(path + ".tmp", "w") as file:
        file.write(records.encode({"schema": SCHEMA, **content}))
    os.rename(path + ".tmp", path)


def read(paths: Paths, identifier: str) -> dict[str, Any] | None:
    """What the last monitor wrote, or None. Damaged."""
    try:
        return records.load(paths.run(identifier) + "/state.json", SCHEMA)
    except FileNotFoundError:
        return None
