"""Files of cgroup v2 by their own names: linux.resources.unified."""

from __future__ import annotations

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    unified: dict[str, str] = resources.get("unified") or {}
    if unified and version == 1:
        raise CgroupError(
            "unified: invalid configuration: these are files of cgroup v2, which is not used here",
            "use the limits by name",
        )
    for name in unified:
        # The name goes into a path, and "cgroup." files are the hierarchy's own, not limits.
        if "/" in name or name in ("", ".", "..") or name.startswith("cgroup.") or "." not in name:
            raise CgroupError(f"unified: {name!r} is not the file of a controller", "name it as memory.high is named")
    here = folder.find("cgroup.controllers").split() if unified else []
    for name in unified:
        if name.partition(".")[0] not in here and not folder.has(name):
            raise CgroupError(
                f"unified.{name}: invalid configuration: the v2 cgroup {folder.path} does not have that controller",
                "it is v1 that has it here, or nobody: use the limit by its own name",
            )
    return [(f"unified.{name}", name, value) for name, value in unified.items()]


def controllers(resources: Resources) -> frozenset[str]:
    """The v2 controllers whose files are named."""
    return frozenset(name.partition(".")[0] for name in resources.get("unified") or ())
