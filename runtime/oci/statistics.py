"""A cgroup's counters in the form of runc's `events`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup

_UNLIMITED = (1 << 63) - 4096  # what v1 says where there is no limit


def shown(cgroup: Cgroup) -> dict[str, Any]:
    found = cgroup.statistics()
    return {
        "cpu": _cpu(found.get("cpu", {})),
        "memory": _memory(found.get("memory", {})),
        "pids": {key: value for key, value in found.get("pids", {}).items() if value >= 0},
        "blkio": _io(found.get("io", {})),
        "hugetlb": {},
        "intel_rdt": {},
        "network_interfaces": None,
    }


def _cpu(cpu: dict[str, int]) -> dict[str, Any]:
    names = (("periods", "periods"), ("throttledPeriods", "throttled"), ("throttledTime", "throttled_time"))
    return {
        "usage": {"total": cpu.get("usage", 0), "kernel": cpu.get("system", 0), "user": cpu.get("user", 0)},
        "throttling": {theirs: cpu[ours] for theirs, ours in names if cpu.get(ours)},
    }


def _memory(memory: dict[str, int]) -> dict[str, Any]:
    return {
        "cache": memory.get("cache", 0),
        "usage": {
            "limit": _limit(memory.get("limit")),
            "usage": memory.get("usage", 0),
            "max": memory.get("peak", 0),
            "failcnt": memory.get("failures", 0),
        },
        "swap": {
            "limit": _limit(memory.get("swap_limit")),
            "usage": memory.get("usage", 0) + memory.get("swap", 0),
            "failcnt": 0,
        },
        "raw": {"total_inactive_file": memory.get("usage", 0) - memory.get("working", 0)},
    }


def _limit(value: int | None) -> int:
    """The readers' numbers have no sign."""
    return _UNLIMITED if value is None or value < 0 else value


def _io(counters: dict[str, int]) -> dict[str, Any]:
    """The sums over all devices: which device is not counted apart."""
    names = {"Read": ("read", "read_operations"), "Write": ("write", "write_operations")}
    if not counters:
        return {}
    return {
        "ioServiceBytesRecursive": [
            {"major": 0, "minor": 0, "op": name, "value": counters.get(size, 0)} for name, (size, _) in names.items()
        ],
        "ioServicedRecursive": [
            {"major": 0, "minor": 0, "op": name, "value": counters.get(count, 0)} for name, (_, count) in names.items()
        ],
    }
