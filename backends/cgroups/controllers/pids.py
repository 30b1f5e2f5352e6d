"""The number of tasks: pids.max, the same in v1 and v2."""

from __future__ import annotations

from backends.cgroups.controllers.numbers import counted, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    """0 and -1 are no limit, as everywhere in OCI tools."""
    limit = (resources.get("pids") or {}).get("limit")
    return [] if limit is None else [("pids.limit", "pids.max", str(limit) if limit > 0 else "max")]


def statistics(folder: Folder, version: int) -> dict[str, int]:
    return counted(current=number(folder, "pids.current"), limit=number(folder, "pids.max"))
