"""One controller a file. Each translates its part of `linux.resources` (OCI runtime-spec 1.2) into settings:

    settings(resources, folder, version) -> [(limit, file, value), ...]   in the order in which they are written
    statistics(folder, version) -> {...}                                  where the controller counts anything

`version` is 1 or 2; `folder` is the cgroup's, of which present values are read where the order depends on them. A limit
that the version does not have is a CgroupError. On the launch path, each imported when it is asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    # how the configuration calls the limit, the file, what to write into it
    Setting = tuple[str, str, str]


def controller(module: str) -> ModuleType:
    """A file of this folder by its name, imported now."""
    found: ModuleType = __import__(f"{__name__}.{module}", None, None, ("settings",))
    return found
