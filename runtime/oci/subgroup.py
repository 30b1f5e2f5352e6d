"""The cgroup of a process of `exec`: the container's, or what --cgroup names below it. On the launch path."""

from __future__ import annotations

import os

from backends.cgroups.group import UNIFIED
from runtime.oci.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import Cgroup
    from runtime.oci.container import Container


def chosen(container: Container, said: tuple[str, ...]) -> Cgroup:
    """`said`: PATH for all hierarchies, or CONTROLLER[,CONTROLLER...]:PATH for those of v1. Refused"""
    group = container.cgroup()
    if not said:
        return _among_processes(container, group)
    paths = dict(group.paths)
    for word in said:
        names, colon, path = word.rpartition(":")
        path = path.strip("/")
        if ".." in path.split("/"):
            raise Refused(f"bad --cgroup: {path} is not a sub cgroup path")
        for hierarchy in _hierarchies(names.split(","), group.paths) if colon else group.paths:
            paths[hierarchy] = f"{group.paths[hierarchy]}/{path}".rstrip("/")
    for path in paths.values():
        if not os.path.isdir(path):
            missing = f"open {path}/cgroup.procs: no such file or directory"
            raise Refused(f"error adding pid of the new process to cgroups: {missing}")
    return _opened(container, paths)


def _hierarchies(names: list[str], paths: dict[str, str]) -> list[str]:
    found = []
    for name in names:
        hierarchy = next((known for known in paths if name in known.split(",")), "")
        if not hierarchy:
            raise Refused(f"bad --cgroup: unknown controller {name}")
        found.append(hierarchy)
    return found


def _among_processes(container: Container, group: Cgroup) -> Cgroup:
    """A v2 cgroup that hands controllers down takes no processes itself: then it is that of the first process."""
    top = group.paths.get(UNIFIED)
    if not top:
        return group
    with open(f"{top}/cgroup.subtree_control", "rb", 0) as file:
        if not file.read().strip():
            return group
    with open(f"/proc/{container.record['pid']}/cgroup", encoding="utf-8") as file:
        path = next((line[3:].rstrip("\n") for line in file if line.startswith("0::")), "")
    name = os.path.basename(top)
    _, found, below = path.partition(f"/{name}/")
    return _opened(container, {**group.paths, UNIFIED: f"{top}/{below}"}) if found else group


def _opened(container: Container, paths: dict[str, str]) -> Cgroup:
    from backends.cgroups.layout import Layout
    from backends.cgroups.manager import manager

    return manager(container.record["manager"], Layout({}, "", {})).open(paths)
