"""cgroup v2: one hierarchy for all controllers. On the launch path."""

from __future__ import annotations

from backends.catalogue import find
from backends.cgroups.manager import HierarchyManager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from probes.report import HostReport

_ENTRY = find("cgroups", "v2")


class V2Cgroups(HierarchyManager):
    """Uses the unified hierarchy alone. A group has a folder; device rules are a BPF program on it."""

    name = _ENTRY.name
    title = _ENTRY.title
    requirements = _ENTRY.requirements
    versions = ("v2",)

    def guarantees(self, report: HostReport) -> frozenset[str]:
        return _ENTRY.guarantees(report)
