"""cgroups by way of systemd: each container a scope, a unit of its own. On the launch path."""

from __future__ import annotations

import os

from backends.cgroups.group import UNIFIED
from backends.cgroups.limits import asked, unmet
from backends.cgroups.manager import STANDARD, complete_v1, hand_down, v2_controllers
from backends.cgroups.systemd.group import Beginning, SystemdCgroup
from backends.cgroups.systemd.names import parse
from backends.cgroups.systemd.units import Systemd
from backends.contract import CgroupManager
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.layout import Layout
    from backends.cgroups.systemd.properties import Property
    from backends.contract import Resources
    from probes.report import HostReport

_SYSTEMD_V1 = "name=systemd"


class SystemdCgroups(CgroupManager):
    """Paths are systemd's: SLICE:PREFIX:NAME. `extra`: properties of the unit besides, see `annotations`."""

    __slots__ = ("_layout", "extra", "rootless")
    name = "systemd"
    title = "cgroups by way of systemd, a scope a container"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.rootless = users()
        self.extra: list[Property] = []

    def create(self, path: str, resources: Resources) -> SystemdCgroup:
        """Nothing is made yet: systemd wants a process for that, see SystemdCgroup.add. CgroupError"""
        place = parse(path, self.rootless)
        systemd = Systemd(self.rootless)
        top = systemd.control_group()
        paths = self._paths(top + place.below, resources)
        if self.rootless and list(paths) != [UNIFIED]:
            raise CgroupError(
                "a user's systemd cannot hand out cgroups of v1",
                "boot with systemd.unified_cgroup_hierarchy=1, or leave --systemd-cgroup out",
            )
        group = SystemdCgroup(paths, self.rootless)
        if members := group.members():
            raise CgroupError(
                f"the unit {group.unit} exists, and processes {', '.join(map(str, members))} are in it",
                "end them, or choose another name for the container",
            )

        def prepare(names: str, folder: str) -> None:
            self._prepare(names, folder, top, resources)

        beginning = Beginning(place.slice, resources, self.extra, prepare)
        return SystemdCgroup(paths, self.rootless, beginning, systemd)

    def open(self, paths: dict[str, str]) -> SystemdCgroup:
        return SystemdCgroup(paths, self.rootless)

    def check(self, resources: Resources, report: HostReport) -> list[str]:
        versions = ("v1", "v2") if self._layout.v1 else ("v2",)
        return unmet(resources, report, versions)

    def _paths(self, below: str, resources: Resources) -> dict[str, str]:
        """v2's folder always: where it is beside v1, systemd keeps its own books in it."""
        wanted = STANDARD.union(limit.v1 for limit in asked(resources) if limit.v1)
        paths = {names: folder + below for names, folder in self._layout.hierarchies(wanted).items()}
        if self._layout.v2:
            paths[UNIFIED] = self._layout.v2 + below
        if not paths:
            raise CgroupError("no cgroup hierarchy is mounted", "mount -t cgroup2 none /sys/fs/cgroup")
        return paths

    def _prepare(self, names: str, folder: str, top: str, resources: Resources) -> None:
        """What systemd has not made: v1 hierarchies it does not manage, v2 controllers it does not hand down."""
        if names == UNIFIED:
            above = self._layout.v2 + (top if self.rootless else "")
            hand_down(above, folder, v2_controllers(resources))
        elif names != _SYSTEMD_V1:
            complete_v1(names, folder)


def users() -> bool:
    """Whether the system's manager is not ours to ask: root of a user namespace is a user to it."""
    if os.geteuid() != 0:
        return True
    try:
        return os.readlink("/proc/1/ns/user") != os.readlink("/proc/self/ns/user")
    except PermissionError:
        return True
    except FileNotFoundError:  # no user namespaces
        return False
