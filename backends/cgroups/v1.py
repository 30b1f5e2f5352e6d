"""cgroup v1: one hierarchy a controller. On the launch path."""

from __future__ import annotations

from backends.catalogue import find
from backends.cgroups.manager import HierarchyManager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from probes.report import HostReport

_ENTRY = find("cgroups", "v1")


class V1Cgroups(HierarchyManager):
    """Uses v1's hierarchies alone, also where v2 is mounted beside them."""

    name = _ENTRY.name
    title = _ENTRY.title
    requirements = _ENTRY.requirements
    versions = ("v1",)

    def guarantees(self, report: HostReport) -> frozenset[str]:
        return _ENTRY.guarantees(report)
