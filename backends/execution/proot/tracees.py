"""The processes that a proot follows: all of a container's, whatever becomes of parents and sessions. On the launch
path."""

from __future__ import annotations

import os
import time

_SIGKILL = 9
_PATIENCE = 10.0  # seconds
_PAUSE = 0.002


def followed(tracer: int) -> dict[int, int]:
    """pid -> parent."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/status", "rb") as file:
                    lines = dict(line.partition(b":")[::2] for line in file.read().splitlines())
            except OSError:
                continue
            if int(lines.get(b"TracerPid", b"0")) == tracer:
                found[int(name)] = int(lines[b"PPid"])
    return found


def tracer(pid: int) -> int:
    """Who follows a process; 0 for nobody, and for one that has ended."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith(b"TracerPid:"):
                    return int(line.split()[1])
    except OSError:
        return 0
    return 0


def end(tracer: int) -> None:
    """Kills until nobody is left; new ones are followed from their birth. The tracer ends after its last."""
    deadline = time.monotonic() + _PATIENCE
    while (left := followed(tracer)) and time.monotonic() < deadline:
        for pid in left:
            try:
                os.kill(pid, _SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(_PAUSE)
