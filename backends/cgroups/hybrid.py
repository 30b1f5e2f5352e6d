"""cgroup v1 and v2 beside each other: what v1 has goes to v1, the rest to v2. On the launch path."""

from __future__ import annotations

from backends.cgroups.group import UNIFIED
from backends.cgroups.limits import asked
from backends.cgroups.manager import HierarchyManager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import Resources

# What a container without limits still needs: device rules aside, all that stats, pause and kill read and write.
_NEEDED = frozenset(("memory", "cpu", "pids", "freezer", "devices"))


class HybridCgroups(HierarchyManager):
    """A controller is in one hierarchy at a time, so each limit has one place. Joining v2 costs a grace period of the
    kernel, so a group has a v2 folder only when something is there that v1 lacks."""

    name = "hybrid"
    title = "cgroup v1, and v2 for the controllers that v1 lacks"
    versions = ("v1", "v2")

    def _wants_v2(self, resources: Resources) -> bool:
        v1 = self.layout.v1
        if not _NEEDED.issubset(v1) or self.layout.own.get(UNIFIED, "/") != "/":
            return True  # a service manager that goes by v2 would take the container for its starter's
        return any(limit.v2 and limit.v1 not in v1 for limit in asked(resources))
