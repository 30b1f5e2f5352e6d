"""Every limit of `linux.resources` (OCI runtime-spec 1.2): which controller applies it, in v1 and in v2.

One table, from which follow the hierarchies that a container needs, what this host cannot apply, and the file of
`controllers/` that knows how. On the launch path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from backends.contract import Resources
    from probes.report import HostReport


class Limit:
    """`section` and `key` in linux.resources (an empty key: the section itself is the limit); the controller in `v1`
    and `v2` (empty: that version does not have the limit); `module` of controllers/; capabilities needed `also`;
    values that limit nothing (`neutral`)."""

    __slots__ = ("also", "key", "module", "neutral", "section", "v1", "v2")

    def __init__(
        self,
        section: str,
        key: str,
        v1: str,
        v2: str,
        module: str,
        also: tuple[str, ...] = (),
        neutral: tuple[object, ...] = (0, -1),
    ) -> None:
        self.section = section
        self.key = key
        self.v1 = v1
        self.v2 = v2
        self.module = module
        self.also = also
        self.neutral = neutral

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}" if self.key else self.section

    def asked(self, resources: Resources) -> bool:
        section: Any = resources.get(self.section)
        value = section.get(self.key) if self.key and section else section
        if self.section == "devices":
            return bool(value) and restricts(value)
        return value is not None and value not in ("", [], {}) and value not in self.neutral


LIMITS: tuple[Limit, ...] = (
    Limit("devices", "", "devices", "devices", "devices"),
    Limit("memory", "limit", "memory", "memory", "memory"),
    Limit("memory", "reservation", "memory", "memory", "memory"),
    Limit("memory", "swap", "memory", "memory", "memory", also=("cgroup.swap",)),
    Limit("memory", "kernelTCP", "memory", "", "memory"),
    Limit("memory", "swappiness", "memory", "", "memory", neutral=(-1,)),
    Limit("memory", "disableOOMKiller", "memory", "", "memory"),
    Limit("cpu", "shares", "cpu", "cpu", "cpu"),
    Limit("cpu", "quota", "cpu", "cpu", "cpu", also=("cgroup.cfs",)),
    Limit("cpu", "period", "cpu", "cpu", "cpu", also=("cgroup.cfs",)),
    Limit("cpu", "burst", "cpu", "cpu", "cpu", also=("cgroup.cfs",)),
    Limit("cpu", "idle", "cpu", "cpu", "cpu"),
    Limit("cpu", "realtimeRuntime", "cpu", "", "cpu"),
    Limit("cpu", "realtimePeriod", "cpu", "", "cpu"),
    Limit("cpu", "cpus", "cpuset", "cpuset", "cpuset"),
    Limit("cpu", "mems", "cpuset", "cpuset", "cpuset"),
    Limit("pids", "limit", "pids", "pids", "pids"),
    Limit("blockIO", "weight", "blkio", "io", "blkio"),
    Limit("blockIO", "leafWeight", "blkio", "", "blkio"),
    Limit("blockIO", "weightDevice", "blkio", "io", "blkio"),
    Limit("blockIO", "throttleReadBpsDevice", "blkio", "io", "blkio"),
    Limit("blockIO", "throttleWriteBpsDevice", "blkio", "io", "blkio"),
    Limit("blockIO", "throttleReadIOPSDevice", "blkio", "io", "blkio"),
    Limit("blockIO", "throttleWriteIOPSDevice", "blkio", "io", "blkio"),
    Limit("hugepageLimits", "", "hugetlb", "hugetlb", "hugetlb"),
    Limit("network", "classID", "net_cls", "", "network"),
    Limit("network", "priorities", "net_prio", "", "network"),
    Limit("rdma", "", "rdma", "rdma", "rdma"),
    Limit("unified", "", "", "unified", "unified"),
)


def asked(resources: Resources) -> list[Limit]:
    """The limits that really limit something."""
    return [limit for limit in LIMITS if limit.asked(resources)] if resources else []


def restricts(rules: Iterable[dict[str, Any]]) -> bool:
    """Whether device rules deny anything at the end: a last rule that allows everything undoes what was before."""
    denied = False
    for rule in rules:
        if not rule.get("allow"):
            denied = True
        elif rule.get("type", "a") in ("a", "") and not set("rwm").difference(rule.get("access") or "rwm"):
            denied = False
    return denied


def unmet(resources: Resources, report: HostReport, versions: tuple[str, ...]) -> list[str]:
    """Pure: each limit asked for that this host cannot apply with cgroups of these `versions`, with who blocks it."""
    return [reason for limit in asked(resources) if (reason := _reason(limit, report, versions))]


def _reason(limit: Limit, report: HostReport, versions: tuple[str, ...]) -> str:
    from backends.requirements import explain  # off the launch path

    if limit.section == "unified":
        return "" if "v2" in versions else "linux.resources.unified: names files of cgroup v2, which is not used here"
    ways = [f"cgroup.{version}.{getattr(limit, version)}" for version in versions if getattr(limit, version)]
    name = f"linux.resources.{limit.name}"
    if not ways:
        return f"{name}: cgroup {' and '.join(versions)} has nothing of the kind" if versions else f"{name}: no cgroups"
    if not any(report.has(way) for way in ways):
        return f"{name}: {'; '.join(explain(report[way]) for way in ways)}"
    missing = [capability for capability in limit.also if not report.has(capability)]
    return f"{name}: {'; '.join(explain(report[capability]) for capability in missing)}" if missing else ""
