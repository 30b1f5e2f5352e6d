"""Making cgroups: what managers of v1, v2 and both share, and the choice of one by name. On the launch path."""

from __future__ import annotations

import os

from backends.cgroups.controllers import controller
from backends.cgroups.folder import Folder, refused
from backends.cgroups.group import UNIFIED, HierarchyCgroup
from backends.cgroups.limits import asked, unmet
from backends.contract import CgroupManager
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.layout import Layout
    from backends.contract import Resources
    from probes.report import HostReport

# The v1 hierarchies that every container joins, where they are mounted: what stats, pause, kill, device rules and
# `update` need. systemd's own too, else the end of the session or service that started a container ends the container.
# Measured: 0.03 to 0.1 ms each to make, join and remove (cpuset 0.5). perf_event, net_cls, net_prio, hugetlb, rdma
# only when a limit asks for them.
STANDARD = frozenset(("memory", "cpu", "cpuacct", "cpuset", "pids", "devices", "freezer", "blkio", "name=systemd"))
# The same of v2, where a controller costs nothing until it is enabled below.
STANDARD_V2 = frozenset(("memory", "cpu", "pids", "io", "cpuset"))


class HierarchyManager(CgroupManager):
    """Makes groups in the hierarchies of a layout. `versions` says which kinds it may use, preferred first."""

    __slots__ = ("everywhere", "layout")
    versions: tuple[str, ...] = ()

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.everywhere = False  # in all hierarchies, as engines that call runc take for granted

    def create(self, path: str, resources: Resources) -> HierarchyCgroup:
        """CgroupError, with nothing left behind. A group of that name without processes in it is made anew."""
        _check_path(path)
        paths = self._paths(path, resources)
        made: list[str] = []
        try:
            for names, folder in paths.items():
                if names == UNIFIED:
                    self._make_v2(folder, v2_controllers(resources))
                else:
                    _make_v1(names, folder)
                made.append(folder)
            group = HierarchyCgroup(paths)
            if resources:
                group.update(resources)
        except BaseException:
            for folder in reversed(made):
                _forget(folder)
            raise
        return group

    def open(self, paths: dict[str, str]) -> HierarchyCgroup:
        return HierarchyCgroup(paths)

    def find(self, pid: int) -> HierarchyCgroup:
        from backends.cgroups import layout

        theirs = layout.read(str(pid)).own
        tops = self.layout.hierarchies(STANDARD) if "v1" in self.versions else {}
        if "v2" in self.versions and self.layout.v2:
            tops[UNIFIED] = self.layout.v2
        paths = {}
        for names, top in tops.items():
            path = theirs.get(names.split(",")[0], "/")
            if path != "/" and path != self.layout.own.get(names.split(",")[0]):
                paths[names] = top + path
        if not paths:
            raise CgroupError(f"process {pid} is in no cgroup of its own")
        return HierarchyCgroup(paths)

    def check(self, resources: Resources, report: HostReport) -> list[str]:
        return unmet(resources, report, self.versions)

    def guarantees(self, report: HostReport) -> frozenset[str]:
        from backends.catalogue import find  # deciding is off the launch path

        return find("cgroups", self.name).guarantees(report)

    # ------------------------------------------------------------------------------------------------- placing

    def _paths(self, path: str, resources: Resources) -> dict[str, str]:
        """Which hierarchies the group is made in, and where."""
        wanted = STANDARD.union(self.layout.v1 if self.everywhere else [limit.v1 for limit in asked(resources)])
        paths = {}
        if "v1" in self.versions:
            paths = {names: folder + path for names, folder in self.layout.hierarchies(wanted).items()}
        if "v2" in self.versions and self.layout.v2 and (self.everywhere or self._wants_v2(resources)):
            paths[UNIFIED] = self.layout.v2 + path
        if not paths:
            raise CgroupError(
                f"no cgroup hierarchy of {' or '.join(self.versions)} is mounted",
                "mount -t cgroup2 none /sys/fs/cgroup",
            )
        return paths

    def _wants_v2(self, resources: Resources) -> bool:
        return True

    def _make_v2(self, folder: str, wanted: frozenset[str]) -> None:
        """Enables controllers from the root downwards, then makes the folder."""
        hand_down(self.layout.v2, folder, wanted)
        _make_fresh(folder)


def v2_controllers(resources: Resources) -> frozenset[str]:
    """Those that a group with these limits is to have."""
    named = {limit.v2 for limit in asked(resources)} - {"", "devices", UNIFIED}
    named |= controller("unified").controllers(resources) if resources.get("unified") else set()
    return STANDARD_V2 | named


def hand_down(top: str, folder: str, wanted: frozenset[str]) -> None:
    """Enables v2 controllers in all above the folder, and makes what is missing of those. CgroupError"""
    steps = folder[len(top) :].strip("/").split("/")
    for depth in range(len(steps)):
        above = Folder("/".join((top, *steps[:depth])))
        if depth:
            _make(above.path)
        _enable(above, wanted)


def _check_path(path: str) -> None:
    parts = path.split("/")
    if parts[0] or len(parts) < 2 or any(part in ("", ".", "..") for part in parts[1:]):
        raise CgroupError(f"{path!r} is no path of a cgroup", "it begins with / and has no empty, . or .. part")


def _enable(folder: Folder, wanted: frozenset[str]) -> None:
    """Hands down those of `wanted` that this cgroup has. What it does not have, the limits that need it will tell."""
    have = frozenset(folder.find("cgroup.controllers").split())
    missing = sorted((wanted & have) - frozenset(folder.find("cgroup.subtree_control").split()))
    if not missing:
        return
    try:
        folder.write("cgroup.subtree_control", " ".join(f"+{name}" for name in missing))
    except OSError:  # one that refuses refuses all: which one?
        for name in missing:
            folder.set(f"enabling the controller {name}", "cgroup.subtree_control", f"+{name}")


def _make_v1(names: str, folder: str) -> None:
    try:
        _make_fresh(folder)
    except FileNotFoundError:
        _make_above(folder[: folder.rindex("/")])
        _make_fresh(folder)
    _ready_v1(names, folder)


def complete_v1(names: str, folder: str) -> None:
    """A group that somebody else has made, or not: systemd does not care for all hierarchies."""
    _make_above(folder)
    _ready_v1(names, folder)


def _ready_v1(names: str, folder: str) -> None:
    """So that processes may join it. CgroupError"""
    controllers = names.split(",")
    if "cpuset" in controllers:
        _inherit(folder)
    if "memory" in controllers and Folder(folder).find("memory.use_hierarchy") == "0":
        # Before Linux 5.11 a limit does not hold for the cgroups below unless this is set while there are none.
        Folder(folder).set("memory.useHierarchy", "memory.use_hierarchy", "1")


def _make_above(folder: str) -> None:
    if not os.path.isdir(folder):
        _make_above(folder[: folder.rindex("/")])
        _make(folder)


def _inherit(folder: str) -> None:
    """From as far above as it takes: a folder above may be just made, by us or by somebody beside us."""
    above = folder[: folder.rindex("/")]
    try:
        if not Folder(above).read("cpuset.mems").strip() or not Folder(above).read("cpuset.cpus").strip():
            _inherit(above)
        controller("cpuset").inherit(Folder(above), Folder(folder))
    except OSError as error:
        raise refused(f"cannot hand the CPUs and memory nodes down to {folder}", "", error) from error


def _make(folder: str) -> None:
    """A folder that others may be making, or have made."""
    try:
        os.mkdir(folder, 0o755)
    except FileExistsError:
        pass
    except OSError as error:
        raise refused(f"cannot make the cgroup {folder}", "", error) from error


def _make_fresh(folder: str) -> None:
    """A folder that is ours alone; FileNotFoundError where the one above is missing."""
    try:
        os.mkdir(folder, 0o755)
    except FileExistsError:
        if members := Folder(folder).members():
            raise CgroupError(
                f"container's cgroup is not empty: processes {', '.join(map(str, members))} are in {folder}",
                "end them, or choose another name for the container",
            ) from None
        if controller("freezer").frozen(Folder(folder), 1) or Folder(folder).find("cgroup.freeze") == "1":
            raise CgroupError(
                f"container's cgroup unexpectedly frozen: {folder}", "somebody made and froze it: remove it, or thaw it"
            ) from None
        Folder(folder).remove(1.0)
        os.mkdir(folder, 0o755)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise refused(f"cannot make the cgroup {folder}", "", error) from error


def _forget(folder: str) -> None:
    """Takes back what was made; the error that led here is the one to tell."""
    try:
        os.rmdir(folder)
    except OSError:
        pass


def manager(name: str, layout: Layout) -> CgroupManager:
    """The manager that selection chose: "v1", "v2", "hybrid", "systemd" or "absent"; imports no other. KeyError."""
    module, attribute = _MANAGERS[name]
    made: CgroupManager = getattr(__import__(f"backends.cgroups.{module}", None, None, (attribute,)), attribute)(layout)
    return made


_MANAGERS = {
    "v1": ("v1", "V1Cgroups"),
    "v2": ("v2", "V2Cgroups"),
    "hybrid": ("hybrid", "HybridCgroups"),
    "systemd": ("systemd.manager", "SystemdCgroups"),
    "absent": ("absent", "AbsentCgroups"),
}
