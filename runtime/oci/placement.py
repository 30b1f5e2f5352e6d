"""Who makes a container's cgroup, and where: the manager, and the path that it takes. On the launch path.

Root says so by --cgroup-manager. Without root there is what was delegated: below the parent of our own v2 cgroup, which
holds no processes itself (kernel's cgroup-v2.rst, "No Internal Process Constraint"), and in v1 below our own.
"""

from __future__ import annotations

import os

from backends.cgroups import layout
from backends.cgroups.limits import asked
from backends.cgroups.manager import manager
from backends.errors import CgroupError
from runtime.oci.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.layout import Layout
    from backends.contract import Cgroup, Resources
    from probes.report import HostReport
    from runtime.oci.journal import Journal

CGROUPFS = "cgroupfs"
SYSTEMD = "systemd"
DISABLED = "disabled"
_PREFIX = "runtime-oci"  # of units, and the folder of those without a path
_UNIFIED = "unified"


class Placement:
    """`kind`: CGROUPFS, SYSTEMD or DISABLED. `name` of the manager chosen is kept with the container."""

    __slots__ = ("_config", "_identifier", "_journal", "_kind", "_rootless", "name")

    def __init__(self, kind: str, rootless: bool, config: dict[str, Any], identifier: str, journal: Journal) -> None:
        self._kind = kind
        self._rootless = rootless
        self._config = config
        self._identifier = identifier
        self._journal = journal
        self.name = "absent"

    def create(self, report: HostReport) -> Cgroup:
        """CgroupError, Refused."""
        linux = self._config.get("linux") or {}
        given = linux.get("cgroupsPath")
        resources = self._resources(linux.get("resources") or {})
        path = path_of(self._kind, given, self._identifier)
        if self._kind == SYSTEMD:
            return self._by_systemd(path, resources)
        if self._kind == CGROUPFS and self._rootless:
            return self._delegated(given, path, resources)
        found = layout.read()
        if self._kind == CGROUPFS and report["cgroup.writable"].state not in ("absent", "denied"):
            self.name = style(found)
        chosen: Any = manager(self.name, found)
        chosen.everywhere = True
        group: Cgroup = chosen.create(path, resources)
        return group

    def _resources(self, resources: Resources) -> Resources:
        """Device rules are root's to make. In a user namespace nobody makes nodes, and those that are bound into a
        container open for whom they open outside: runc leaves the rules out there, too."""
        if self._rootless and resources.get("devices"):
            self._journal.debug("linux.resources.devices: left to the user namespace, where no node can be made")
            return {key: value for key, value in resources.items() if key != "devices"}
        return resources

    def _by_systemd(self, path: str, resources: Resources) -> Cgroup:
        from backends.cgroups.systemd.annotations import properties

        self.name = SYSTEMD
        chosen: Any = manager(SYSTEMD, layout.read())
        chosen.extra = properties(self._config.get("annotations") or {})
        group: Cgroup = chosen.create(path, resources)
        return group

    def _delegated(self, given: object, path: str, resources: Resources) -> Cgroup:
        """What nobody asked for may be missing: no limits and no path. All else is refused by name."""
        found = layout.read()
        if not given:
            found, path = own(found), f"/{self._identifier}"
        self.name = style(found)
        try:
            return manager(self.name, found).create(path, resources)
        except CgroupError as error:
            if given or asked(resources):
                raise
            self._journal.debug(f"without cgroups: {error}")
            self.name = "absent"
            return manager(self.name, found).create(path, resources)


def style(found: Layout) -> str:
    """The manager of cgroupfs that fits."""
    if found.v1:
        return "hybrid" if found.v2 else "v1"
    return "v2" if found.v2 else "absent"


def own(found: Layout) -> Layout:
    """The part of the hierarchies that we may write to."""
    v1 = {}
    for name, top in found.v1.items():
        folder = top + found.own.get(name, "/").rstrip("/")
        if _ours(folder, "tasks"):
            v1[name] = folder
    v2 = ""
    if found.v2:
        folder = found.v2 + os.path.dirname(found.own.get(_UNIFIED, "/")).rstrip("/")
        v2 = folder if _ours(folder, "cgroup.procs") else ""
    return layout.Layout(v1, v2, found.own)


def _ours(folder: str, members: str) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and os.access(f"{folder}/{members}", os.W_OK)


def path_of(kind: str, given: object, identifier: str) -> str:
    """linux.cgroupsPath as the manager takes it; a relative one is below the hierarchies' roots. Refused"""
    if given is not None and not isinstance(given, str):
        raise Refused("config.json: linux.cgroupsPath: a string is wanted")
    if kind == SYSTEMD:
        return given or f":{_PREFIX}:{identifier}"
    if not given:
        return f"/{_PREFIX}/{identifier}"
    if kind == CGROUPFS and given.count(":") == 2 and "/" not in given:
        raise Refused(
            f"config.json: linux.cgroupsPath: {given} is a path of systemd's: say --systemd-cgroup, or have the engine "
            "use cgroupfs"
        )
    return "/" + os.path.normpath(given).lstrip("/")


def forget(given: object, identifier: str) -> None:
    """Removes the empty cgroups of a container that was never noted. systemd has none then."""
    from backends.cgroups.group import UNIFIED, HierarchyCgroup

    if isinstance(given, str) and given.count(":") == 2:
        return
    found = layout.read()
    places = [(found, path_of(CGROUPFS, given, identifier))] + ([] if given else [(own(found), f"/{identifier}")])
    for hierarchies, path in places:
        tops = {**hierarchies.hierarchies(frozenset(hierarchies.v1)), UNIFIED: hierarchies.v2}
        group = HierarchyCgroup({name: top + path for name, top in tops.items() if top and os.path.isdir(top + path)})
        if not group.members():  # somebody else's otherwise: no process is begotten before the note
            group.remove()
