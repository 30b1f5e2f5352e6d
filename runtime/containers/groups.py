"""The cgroup of a container that another process made. On the launch path."""

from __future__ import annotations

from backends import catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup


def reopen(live: dict[str, Any]) -> Cgroup:
    """From what the monitor wrote (`runtime.containers.state`)."""
    from backends.cgroups.layout import Layout  # only what a container has is looked at, not the host's hierarchies

    manager = catalogue.load("cgroups", live["cgroups"])(Layout({}, "", {}))
    group: Cgroup = manager.open(live.get("cgroup") or {})
    if not group.paths:
        group.add(live["pid"])  # without folders, the first process is where all the others are found from
    return group
