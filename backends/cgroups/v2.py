"""cgroup v2: one hierarchy for all controllers. On the launch path."""

from __future__ import annotations

from backends.cgroups.manager import HierarchyManager


class V2Cgroups(HierarchyManager):
    """Uses the unified hierarchy alone. A group has a folder; device rules are a BPF program on it."""

    name = "v2"
    title = "cgroup v2, one hierarchy"
    versions = ("v2",)
