"""CPU time: shares, quota in a period, real time. v1: cpu.*, cpuacct.*; v2: cpu.weight, cpu.max."""

from __future__ import annotations

from backends.cgroups.controllers.numbers import counted, number, table
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources

_SHARES = (2, 262144)  # the kernel silently clamps to these
_LONGEST = 1 << 63
_PERIOD = 100000  # microseconds, the kernel's default


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    cpu = resources.get("cpu") or {}
    shares = cpu.get("shares") or None
    if shares is not None and not _SHARES[0] <= shares <= _SHARES[1]:
        raise CgroupError(f"cpu.shares: {shares} is not between {_SHARES[0]} and {_SHARES[1]}", "1024 is the usual")
    found = _v1(cpu, folder) if version == 1 else _v2(cpu, folder)
    if shares is not None:
        found.append(
            ("cpu.shares", "cpu.shares", str(shares))
            if version == 1
            else ("cpu.shares", "cpu.weight", str(weight(shares)))
        )
    idle = cpu.get("idle")
    if idle is not None:
        # An idle cgroup takes no weight: leave that state before, enter it after.
        found.insert(0 if idle == 0 else len(found), ("cpu.idle", "cpu.idle", str(idle)))
    return found


def weight(shares: int) -> int:
    """v2's weight of v1's shares: a curve in logarithms through (2, 1), (1024, 100) and (262144, 10000), so that what
    is usual in one is usual in the other. The kernel's documentation has no formula; runc and crun agree on this one
    since 2025 (before, a straight line made 39 of 1024)."""
    import math

    bits = math.log2(shares)
    return math.ceil(10 ** ((bits * bits + 125 * bits) / 612 - 7 / 34) - 1e-9)


def _v1(cpu: dict[str, Any], folder: Folder) -> list[Setting]:
    found: list[Setting] = []
    for key, name in (("realtimePeriod", "cpu.rt_period_us"), ("realtimeRuntime", "cpu.rt_runtime_us")):
        if cpu.get(key) is not None:
            found.append((f"cpu.{key}", name, str(cpu[key])))
    if (cpu.get("realtimePeriod") or _LONGEST) < (number(folder, "cpu.rt_period_us") or 0):
        found.reverse()  # the time is never more than the period
    quota, period = cpu.get("quota"), cpu.get("period") or None
    bandwidth: list[Setting] = []
    if period is not None:
        bandwidth.append(("cpu.period", "cpu.cfs_period_us", str(period)))
    if quota is not None:
        bandwidth.append(("cpu.quota", "cpu.cfs_quota_us", str(quota or -1)))
    if period is not None and period < (number(folder, "cpu.cfs_period_us") or _PERIOD):
        bandwidth.reverse()  # quota / period is held against the parent's at every moment: never above the final one
    if cpu.get("burst") is not None:
        bandwidth.append(("cpu.burst", "cpu.cfs_burst_us", str(cpu["burst"])))
    return found + bandwidth


def _v2(cpu: dict[str, Any], folder: Folder) -> list[Setting]:
    for key in ("realtimeRuntime", "realtimePeriod"):
        if cpu.get(key):
            raise CgroupError(f"cpu.{key}: cgroup v2 does not share out real time", "leave it out")
    found: list[Setting] = []
    quota, period = cpu.get("quota"), cpu.get("period") or None
    if quota is not None or period is not None:
        if quota is None:
            text = folder.find("cpu.max").partition(" ")[0] or "max"
        else:
            text = str(quota) if quota > 0 else "max"
        found.append(("cpu.quota", "cpu.max", f"{text} {period}" if period else text))
    if cpu.get("burst") is not None:
        found.append(("cpu.burst", "cpu.max.burst", str(cpu["burst"])))
    return found


# --------------------------------------------------------------------------------------------------- statistics


def statistics(folder: Folder, version: int) -> dict[str, int]:
    """Nanoseconds, and numbers of periods. v1's time used is cpuacct's: `usage`."""
    counters = table(folder.find("cpu.stat"))
    found = counted(periods=counters.get("nr_periods"), throttled=counters.get("nr_throttled"))
    if version == 1:
        return {**found, **counted(throttled_time=counters.get("throttled_time"))}
    for ours, theirs in (
        ("usage", "usage_usec"),
        ("user", "user_usec"),
        ("system", "system_usec"),
        ("throttled_time", "throttled_usec"),
    ):
        if theirs in counters:
            found[ours] = counters[theirs] * 1000
    return found


def usage(folder: Folder) -> dict[str, int]:
    """v1's cpuacct, in nanoseconds. cpuacct.usage_user is of Linux 4.7; cpuacct.stat counts in hundredths."""
    ticks = table(folder.find("cpuacct.stat"))
    user, system = number(folder, "cpuacct.usage_user"), number(folder, "cpuacct.usage_sys")
    if user is None and "user" in ticks:
        user, system = ticks["user"] * 10_000_000, ticks.get("system", 0) * 10_000_000
    return counted(usage=number(folder, "cpuacct.usage"), user=user, system=system)
