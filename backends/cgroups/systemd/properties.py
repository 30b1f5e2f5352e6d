"""linux.resources as properties of a unit, systemd.resource-control(5). Pure.

What systemd cannot say is not here: that goes to the kernel's files alone. All that is here goes there too, exactly,
where systemd rounds; and systemd has to know it, else it would undo it when it loads its units again. On the launch
path.
"""

from __future__ import annotations

from backends.cgroups.controllers.blkio import scaled
from backends.cgroups.controllers.cpu import weight
from backends.cgroups.controllers.devices import Rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Resources

    # name, and the value as a variant: its signature, and itself
    Property = tuple[str, tuple[str, Any]]

_INFINITY = (1 << 64) - 1
_PERIOD = 100000  # microseconds, the kernel's default
_PERCENT = 10000  # microseconds in a second: systemd knows whole per cents
# Properties that came late: systemd's NEWS.
_PERIODS_SINCE = 242
_CPUSETS_SINCE = 244
_IDLE_SINCE = 252
_MAJORS_SINCE = 240  # DeviceAllow=char-136, and of nodes that are not there
_MEMORY_FILES = {
    "memory.high": "MemoryHigh",
    "memory.low": "MemoryLow",
    "memory.min": "MemoryMin",
    "memory.max": "MemoryMax",
    "memory.swap.max": "MemorySwapMax",
    "pids.max": "TasksMax",
}
ACCOUNTING = ("MemoryAccounting", "CPUAccounting", "TasksAccounting")


def translate(resources: Resources, unified: bool, version: int) -> list[Property]:
    """`unified`: for cgroup v2; `version` of systemd, 0 if not known."""
    found = _devices(resources.get("devices") or [], version)
    found += (_memory_v2 if unified else _memory_v1)(resources.get("memory") or {})
    found += _cpu(resources.get("cpu") or {}, unified, version)
    share = (resources.get("blockIO") or {}).get("weight")
    if share:
        found.append(_unsigned("IOWeight", scaled(share)) if unified else _unsigned("BlockIOWeight", share))
    tasks = (resources.get("pids") or {}).get("limit")
    if tasks is not None:
        found.append(_unsigned("TasksMax", tasks if tasks > 0 else _INFINITY))
    if unified:
        found += _files(resources.get("unified") or {}, version)
    return found


def _unsigned(name: str, value: int) -> Property:
    return name, ("t", _INFINITY if value < 0 else value)


def _memory_v1(memory: dict[str, Any]) -> list[Property]:
    return [_unsigned("MemoryLimit", memory["limit"])] if memory.get("limit") else []


def _memory_v2(memory: dict[str, Any]) -> list[Property]:
    found = []
    limit, swap = memory.get("limit") or 0, memory.get("swap") or 0
    if limit:
        found.append(_unsigned("MemoryMax", limit))
    if memory.get("reservation"):
        found.append(_unsigned("MemoryLow", memory["reservation"]))
    if swap < 0 or (limit < 0 and not swap):
        found.append(_unsigned("MemorySwapMax", _INFINITY))
    elif swap and 0 < limit <= swap:  # else the controller refuses, or knows the present limit
        found.append(_unsigned("MemorySwapMax", swap - limit))
    return found


def _cpu(cpu: dict[str, Any], unified: bool, version: int) -> list[Property]:
    found = []
    if unified and cpu.get("idle") == 1 and version >= _IDLE_SINCE:
        found.append(_unsigned("CPUWeight", 0))
    elif cpu.get("shares"):
        shares = cpu["shares"]
        found.append(_unsigned("CPUWeight", weight(shares)) if unified else _unsigned("CPUShares", shares))
    found += _quota(cpu.get("quota") or 0, cpu.get("period") or 0, version)
    if version >= _CPUSETS_SINCE:
        for key, name in (("cpus", "AllowedCPUs"), ("mems", "AllowedMemoryNodes")):
            if cpu.get(key):
                found.append((name, ("ay", mask(cpu[key]))))
    return found


def _quota(quota: int, period: int, version: int) -> list[Property]:
    """Rounded up to whole per cents, so that the kernel's exact value fits in."""
    found = []
    if period and version >= _PERIODS_SINCE:
        found.append(_unsigned("CPUQuotaPeriodUSec", period))
    if quota or period:
        part = quota * 1_000_000 // (period or _PERIOD)
        found.append(_unsigned("CPUQuotaPerSecUSec", -(-part // _PERCENT) * _PERCENT if quota > 0 else _INFINITY))
    return found


def mask(numbers: str) -> bytes:
    """ "0-2,8" as bits, the lowest byte first. ValueError for what is no list of numbers: the kernel refuses it too."""
    bits = 0
    for part in numbers.split(","):
        if part.strip():
            first, _, last = part.strip().partition("-")
            bits |= (1 << int(last or first) + 1) - (1 << int(first))
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _files(files: dict[str, str], version: int) -> list[Property]:
    """linux.resources.unified, as far as systemd has words for it."""
    found = []
    for name, text in files.items():
        value = text.strip()
        if name in _MEMORY_FILES and (value == "max" or value.isdigit()):
            found.append(_unsigned(_MEMORY_FILES[name], _INFINITY if value == "max" else int(value)))
        elif name == "cpu.weight" and value.isdigit() and files.get("cpu.idle", "").strip() != "1":
            found.append(_unsigned("CPUWeight", int(value)))
        elif name == "cpu.idle" and value == "1" and version >= _IDLE_SINCE:
            found.append(_unsigned("CPUWeight", 0))
        elif name == "cpu.max" and value:
            quota, _, period = value.partition(" ")
            if period.strip().isdigit() or not period:
                found += _quota(0 if quota == "max" else int(quota), int(period or _PERIOD), version)
        elif name in ("cpuset.cpus", "cpuset.mems") and version >= _CPUSETS_SINCE:
            found.append(("AllowedCPUs" if name == "cpuset.cpus" else "AllowedMemoryNodes", ("ay", mask(value))))
    return found


def oom_policy(resources: Resources) -> list[Property]:
    """memory.oom.group, which systemd takes with the start of a unit alone."""
    value = str((resources.get("unified") or {}).get("memory.oom.group", "")).strip()
    policies = {"0": "continue", "1": "kill"}
    return [("OOMPolicy", ("s", policies[value]))] if value in policies else []


# ------------------------------------------------------------------------------------------------------ devices


def _devices(given: list[dict[str, Any]], version: int) -> list[Property]:
    """Nothing where systemd has no words for the rules: then they are the kernel's alone."""
    if not given:
        return []
    rules = Rules(given)
    empty: Property = ("DeviceAllow", ("a(ss)", []))
    if rules.allowed:
        return [("DevicePolicy", ("s", "auto")), empty]
    entries = []
    for (kind, major, minor), access in rules.exceptions.items():
        node = _node({"c": "char", "b": "block"}[kind], major, minor, version)
        if not node:
            return []
        entries.append((node, access))
    return [("DevicePolicy", ("s", "strict")), empty, ("DeviceAllow", ("a(ss)", entries))]


def _node(kind: str, major: int, minor: int, version: int) -> str:
    if major < 0:
        return f"{kind}-*" if minor < 0 else ""
    if version < _MAJORS_SINCE:
        return ""
    return f"{kind}-{major}" if minor < 0 else f"/dev/{kind}/{major}:{minor}"
