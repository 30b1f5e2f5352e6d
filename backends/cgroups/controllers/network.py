"""Network classes and priorities: net_cls and net_prio, v1 only."""

from __future__ import annotations

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    network = resources.get("network") or {}
    if version == 2 and (network.get("classID") or network.get("priorities")):
        raise CgroupError("network: cgroup v2 has no network classes or priorities", "match its path in nftables")
    found: list[Setting] = []
    if network.get("classID") is not None and folder.has("net_cls.classid"):
        found.append(("network.classID", "net_cls.classid", str(network["classID"])))
    if folder.has("net_prio.ifpriomap"):
        found += [
            ("network.priorities", "net_prio.ifpriomap", f"{item['name']} {item['priority']}")
            for item in network.get("priorities") or ()
        ]
    return found
