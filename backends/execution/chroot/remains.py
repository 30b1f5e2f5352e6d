"""What a container without namespaces of its own leaves: processes and mounts on the host. On the launch path.

Where there is a cgroup, it knows the processes, and none of this is needed for them. Without one they are known by
their root: nothing in the container can change it (`breakouts`), whatever becomes of parents, sessions and
environments. A container that begets processes quicker than they can be looked at is not ended for certain by this,
which is why the promise kill-all is not given then.
"""

from __future__ import annotations

import os
import time

from arch import kernel
from backends.errors import StepFailed
from backends.execution.namespaces.parent import start_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGKILL = 9
PATIENCE = 10.0  # seconds
_PAUSE = 0.005
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


def trace(pid: int, started: int) -> dict[str, Any]:
    """What all of a container's processes have in common: {"root": [device, inode, mount], "since": ticks}; empty for
    a process whose root is our own."""
    root = _root(pid)
    return {} if root is None or root == _root(os.getpid()) else {"root": list(root), "since": started}


def _root(pid: int) -> tuple[int, int, int] | None:
    """The root's mount tells apart containers that run in one folder. None if the process has ended, or is a zombie."""
    try:
        found = os.stat(f"/proc/{pid}/root")
        with open(f"/proc/{pid}/mountinfo", "rb", 0) as stream:  # Linux 2.6.26
            first = stream.read(4096).split(b"\n", 1)[0].split(b" ")
    except OSError:
        return None
    mount = int(first[0]) if len(first) > 4 and first[4] == b"/" else 0
    return found.st_dev, found.st_ino, mount


def survivors(wanted: dict[str, Any]) -> list[int]:
    root, since = wanted["root"], int(wanted["since"])
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            seen = _root(int(name))
            # Device and mount numbers are used again: nothing older than the container is its own.
            if seen is not None and list(seen) == root and _began(int(name)) >= since:
                found.append(int(name))
    return found


def _began(pid: int) -> int:
    try:
        return start_time(pid)
    except ProcessLookupError:
        return -1


def end(wanted: dict[str, Any], patience: float = PATIENCE) -> None:
    """Kills again and again, until nobody with that root is left. StepFailed names who does not end."""
    deadline = time.monotonic() + patience
    while left := survivors(wanted):
        for pid in left:
            try:
                os.kill(pid, _SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise StepFailed(
                "end the container's processes",
                f"processes {', '.join(map(str, left))} do not end",
                0,
                "they wait in the kernel, or multiply quicker than they can be killed",
            )
        time.sleep(_PAUSE)


def mounted_below(place: str, mountinfo: str) -> list[str]:
    """The mount points at or below a folder, the last first (proc(5))."""
    found = []
    for line in mountinfo.splitlines():
        point = line.split(" ")[4]
        for escape, character in _ESCAPES:
            point = point.replace(escape, character)
        if point == place or point.startswith(place + "/"):
            found.append(point)
    return found[::-1]


def unmount_below(place: str) -> None:
    """Everything that is mounted at or below a folder; nothing is success."""
    while True:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            points = mounted_below(os.path.realpath(place), stream.read())
        if not points:
            return
        for point in points:
            kernel.umount(point, kernel.MNT_DETACH | kernel.UMOUNT_NOFOLLOW)
