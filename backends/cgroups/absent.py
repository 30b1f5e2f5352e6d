"""No cgroups: a real manager whose groups hold no limit. On the launch path.

Such a container is held together by its PID namespace, whose end is the end of all in it, and by nothing else.
"""

from __future__ import annotations

import os

from backends.cgroups.folder import PATIENCE, Patience
from backends.cgroups.limits import asked, unmet
from backends.contract import Cgroup, CgroupManager
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.layout import Layout
    from backends.contract import Resources
    from probes.report import HostReport

_SIGKILL = 9  # the module `signal` costs the launch path an import of `enum`
_HINT = "the doctor says why this host has no usable cgroups"


class AbsentCgroup(Cgroup):
    """Knows the processes that were added, and finds their descendants through /proc."""

    __slots__ = ("_roots",)

    def __init__(self) -> None:
        super().__init__({})
        self._roots: dict[int, int] = {}  # pid -> start time

    def joining(self, cloned: bool = False) -> list[str]:
        return []

    def into(self) -> str:
        return ""

    def add(self, pid: int) -> None:
        self._roots[pid] = _processes().get(pid, (0, 0, 0))[2]

    def update(self, resources: Resources) -> None:
        if limits := asked(resources):
            names = ", ".join(f"linux.resources.{limit.name}" for limit in limits)
            raise CgroupError(f"{names}: nothing can be limited without cgroups", _HINT)

    def freeze(self) -> None:
        raise CgroupError("this container cannot be paused: it has no cgroup", _HINT)

    thaw = freeze

    def frozen(self) -> bool:
        return False

    def members(self) -> list[int]:
        """The processes that were added, their descendants, and what is left of their sessions when a parent died."""
        everything = _processes()
        found = {pid for pid, start in self._roots.items() if pid in everything and everything[pid][2] == start}
        sessions = {pid for pid in self._roots if pid not in everything or everything[pid][2] == self._roots[pid]}
        growing = True
        while growing:
            more = {
                pid
                for pid, (parent, session, _) in everything.items()
                if pid not in found and (parent in found or session in sessions)
            }
            found |= more
            growing = bool(more)
        return sorted(found - {os.getpid()})

    def kill(self, patience: float = PATIENCE) -> None:
        """What was added and all below. With a PID namespace its first process is enough, and the kernel does it."""
        waiting = Patience(patience)
        while left := self.members():
            for pid in left:
                try:
                    os.kill(pid, _SIGKILL)
                except ProcessLookupError:
                    pass
            if not waiting.more() and (left := self.members()):
                raise CgroupError(f"processes {', '.join(map(str, left))} do not end", "they wait in the kernel")

    def statistics(self) -> dict[str, Any]:
        return {}

    def oom_kills(self) -> int | None:
        return None

    def remove(self) -> None:
        return None


class AbsentCgroups(CgroupManager):
    __slots__ = ()
    name = "absent"
    title = "no cgroups: no limits, no pause, no device rules"

    def __init__(self, layout: Layout | None = None) -> None:
        """Takes a layout as the others do, and needs none."""

    def guarantees(self, report: HostReport) -> frozenset[str]:
        return frozenset()

    def create(self, path: str, resources: Resources) -> AbsentCgroup:
        group = AbsentCgroup()
        group.update(resources)
        return group

    def open(self, paths: dict[str, str]) -> AbsentCgroup:
        return AbsentCgroup()

    def find(self, pid: int) -> AbsentCgroup:
        return AbsentCgroup()

    def check(self, resources: Resources, report: HostReport) -> list[str]:
        return unmet(resources, report, ())


def _processes() -> dict[int, tuple[int, int, int]]:
    """pid -> parent, session, start time, of every process that is not a zombie (proc(5), /proc/PID/stat)."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # ended meanwhile
        if fields[0] not in (b"Z", b"X"):
            found[int(name)] = (int(fields[1]), int(fields[3]), int(fields[19]))
    return found
