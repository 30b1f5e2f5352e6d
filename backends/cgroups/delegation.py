"""A container's own v2 cgroup given to its root, so that it may divide it further: cgroups(7), "Delegation".

Only where nobody else's is in reach (a cgroup namespace of its own), root is nobody outside (a user namespace), and the
container was given its cgroups to write to (a cgroup mount that is not read-only). On the launch path.
"""

from __future__ import annotations

import os

from backends.cgroups.folder import refused
from backends.cgroups.group import UNIFIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup

_LIST = "/sys/kernel/cgroup/delegate"  # Linux 4.15
_BEFORE = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads")


def owner(config: dict[str, Any]) -> int | None:
    """The host's id of who is to have the cgroup; None for nobody. Pure."""
    linux = config.get("linux") or {}
    new = {entry.get("type") for entry in linux.get("namespaces") or () if not entry.get("path")}
    writable = any(
        mount.get("type") in ("cgroup", "cgroup2") and "ro" not in (mount.get("options") or ())
        for mount in config.get("mounts") or ()
    )
    if not {"user", "cgroup"} <= new or not writable:
        return None
    uid = ((config.get("process") or {}).get("user") or {}).get("uid") or 0
    for line in linux.get("uidMappings") or ():
        if line["containerID"] <= uid < line["containerID"] + line["size"]:
            return int(line["hostID"] + uid - line["containerID"])
    return None


def delegate(group: Cgroup, config: dict[str, Any]) -> None:
    """CgroupError. Nothing to do where v1 has the limits: it has no delegation that holds."""
    uid = owner(config)
    if uid is not None and list(group.paths) == [UNIFIED]:
        hand_over(group.paths[UNIFIED], uid)


def hand_over(folder: str, uid: int) -> None:
    """The folder, and of its files those that the kernel names; limits stay with us. CgroupError"""
    try:
        with open(_LIST, encoding="utf-8") as stream:
            names: tuple[str, ...] = tuple(stream.read().split())
    except FileNotFoundError:
        names = _BEFORE
    try:
        os.chown(folder, uid, -1)
        for name in names:
            try:
                os.chown(f"{folder}/{name}", uid, -1)
            except FileNotFoundError:
                continue  # a controller that this one was not given
    except OSError as error:
        raise refused(f"cannot give the cgroup {folder} to user {uid}", "", error) from error
