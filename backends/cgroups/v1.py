"""cgroup v1: one hierarchy a controller. On the launch path."""

from __future__ import annotations

from backends.cgroups.manager import HierarchyManager


class V1Cgroups(HierarchyManager):
    """Uses v1's hierarchies alone, also where v2 is mounted beside them."""

    name = "v1"
    title = "cgroup v1, one hierarchy a controller"
    versions = ("v1",)
