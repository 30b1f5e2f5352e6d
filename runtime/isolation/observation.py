"""What the kernel shows of a running process: texts as they are, so that they can be kept and compared anywhere."""

from __future__ import annotations

import os
import stat

from arch.inside import open_inside
from backends.cgroups.controllers import controller
from backends.cgroups.folder import Folder
from backends.cgroups.group import HierarchyCgroup
from backends.cgroups.limits import LIMITS
from backends.errors import CgroupError
from backends.execution.namespaces.kinds import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from backends.contract import Cgroup

# Of /proc/PID, by their names here
TEXTS = {
    "status": "status",
    "label": "attr/current",
    "uid_map": "uid_map",
    "gid_map": "gid_map",
    "limits": "limits",
    "oom_score_adj": "oom_score_adj",
}


def observe(pid: int, config: dict[str, Any], cgroup: Cgroup) -> dict[str, Any]:
    """Plain data. What cannot be read is empty, and the comparison calls it unknown.

    namespaces   kind -> [the process's, ours, the one that it was to join], as /proc/PID/ns has them
    texts        files of /proc/PID; `ours` the status and uid_map of this process
    paths        "" absent, "folder", "file", or "c 1:3" for a node: of every path that the configuration names
    cgroup       [limit, file, what was set, what the file says now]; `devices` of v1's lists; `programs` attached in v2
    astray       hierarchies whose cgroup does not hold the process any more
    """
    linux = config.get("linux") or {}
    return {
        "namespaces": {
            name: [
                _link(f"/proc/{pid}/ns/{kind.entry}"),
                _link(f"/proc/self/ns/{kind.entry}"),
                _link(_joined(linux, name)),
            ]
            for name, kind in KINDS.items()
        },
        "texts": {
            **{name: _text(f"/proc/{pid}/{file}") for name, file in TEXTS.items()},
            "mountinfo": settled(lambda: _text(f"/proc/{pid}/mountinfo")),
        },
        "ours": {"status": _text("/proc/self/status"), "uid_map": _text("/proc/self/uid_map")},
        "paths": _paths(pid, linux),
        "cgroup": _limits(cgroup, linux.get("resources") or {}),
        **_devices(cgroup),
        "astray": [names for names, path in cgroup.paths.items() if pid not in _members(path)],
    }


def _joined(linux: dict[str, Any], name: str) -> str:
    return next((entry.get("path", "") for entry in linux.get("namespaces") or () if entry["type"] == name), "")


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def settled(read: Callable[[], str], most: int = 8) -> str:
    """What two readings in a row agree on: kernels before 5.8 leave out entries of mountinfo while others change
    (commit 9f6c61f96f2d). The last reading where they never do."""
    text = read()
    for _ in range(most):
        again = read()
        if again == text:
            break
        text = again
    return text


def _paths(pid: int, linux: dict[str, Any]) -> dict[str, str]:
    names = [*(linux.get("maskedPaths") or ()), *(linux.get("readonlyPaths") or ())]
    names += [device["path"] for device in linux.get("devices") or ()]
    try:
        root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        return {name: _kind(root, name) for name in names}
    finally:
        os.close(root)


def _kind(root: int, path: str) -> str:
    try:
        found = open_inside(root, path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        status = os.fstat(found)
    finally:
        os.close(found)
    for is_kind, name in ((stat.S_ISCHR, "c"), (stat.S_ISBLK, "b")):
        if is_kind(status.st_mode):
            return f"{name} {os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return "folder" if stat.S_ISDIR(status.st_mode) else "file"


def _limits(cgroup: Cgroup, resources: dict[str, Any]) -> list[list[str]]:
    """What would be written for these limits now, beside what is there."""
    found: list[list[str]] = []
    done: set[tuple[str, str]] = set()
    for limit in LIMITS:
        if not resources.get(limit.section) or limit.module == "devices":
            continue
        place = cgroup.folder(limit.v1, limit.v2) if isinstance(cgroup, HierarchyCgroup) else None
        if place is None:
            if limit.asked(resources):
                found.append([limit.name, "", "set", ""])
        elif (limit.module, place[0].path) not in done:
            done.add((limit.module, place[0].path))
            found += _settings(limit.module, resources, *place)
    return found


def _settings(module: str, resources: dict[str, Any], folder: Folder, version: int) -> list[list[str]]:
    try:
        wanted = controller(module).settings(resources, folder, version)
    except CgroupError as error:
        return [[module, "", str(error), ""]]
    return [[name, file, value, folder.find(file)] for name, file, value in wanted]


def _devices(cgroup: Cgroup) -> dict[str, Any]:
    place = cgroup.folder("devices", "devices") if isinstance(cgroup, HierarchyCgroup) else None
    if place is None:
        return {"devices": "", "programs": None}
    folder, version = place
    if version == 1:
        return {"devices": folder.find("devices.list"), "programs": None}
    from backends.cgroups import bpf

    try:
        return {"devices": "", "programs": len(bpf.attached(folder.path))}
    except OSError:
        return {"devices": "", "programs": None}


def _members(path: str) -> list[int]:
    try:
        return list(Folder(path).members())
    except OSError:
        return []
