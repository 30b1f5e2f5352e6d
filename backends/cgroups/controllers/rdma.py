"""RDMA handles and objects: rdma.max, the same in v1 and v2."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources

_KEYS = (("hcaHandles", "hca_handle"), ("hcaObjects", "hca_object"))


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    found: list[Setting] = []
    for device, limits in (resources.get("rdma") or {}).items():
        words = [f"{theirs}={limits[ours]}" for ours, theirs in _KEYS if limits.get(ours) is not None]
        if words:
            found.append(("rdma", "rdma.max", " ".join((device, *words))))
    return found
