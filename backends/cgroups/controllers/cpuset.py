"""Which CPUs and which memory nodes. The files have the same names in v1 and v2."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources

FILES = ("cpuset.cpus", "cpuset.mems")


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    cpu = resources.get("cpu") or {}
    return [(f"cpu.{key}", f"cpuset.{key}", str(cpu[key])) for key in ("cpus", "mems") if cpu.get(key)]


def inherit(parent: Folder, child: Folder) -> None:
    """v1 begins with empty sets, into which no process may go: take the parent's. OSError."""
    for name in FILES:
        if not child.read(name).strip():
            child.write(name, parent.read(name).strip())
