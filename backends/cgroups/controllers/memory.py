"""Memory and swap. v1: memory.* and memory.memsw.* (memory and swap together); v2: memory.* and memory.swap.* (swap
alone), kernel's admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst."""

from __future__ import annotations

from backends.cgroups.controllers.numbers import counted, number, table
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources

_NOT_IN_V2 = {
    "kernelTCP": "count kernel memory in memory.limit: v2 always does",
    "swappiness": "leave it out: v2 has one value for the whole machine, vm.swappiness",
    "disableOOMKiller": "leave it out: v2 always kills when memory is used up; memory.reservation protects",
}


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    """`kernel` is read over, as the specification allows: Linux 5.16 took that limit away."""
    memory = resources.get("memory") or {}
    _refuse_below_usage(memory, folder, version)
    return _v1(memory, folder) if version == 1 else _v2(memory, folder)


def _refuse_below_usage(memory: dict[str, Any], folder: Folder, version: int) -> None:
    limit = memory.get("limit") or 0
    if not memory.get("checkBeforeUpdate") or limit <= 0:
        return
    usage = number(folder, "memory.usage_in_bytes" if version == 1 else "memory.current") or 0
    if usage > limit:
        raise CgroupError(f"memory.limit: {limit} bytes are less than the {usage} in use", "set a higher limit")


# ----------------------------------------------------------------------------------------------------------- v1


def _v1(memory: dict[str, Any], folder: Folder) -> list[Setting]:
    found: list[Setting] = []
    if memory.get("useHierarchy"):
        found.append(("memory.useHierarchy", "memory.use_hierarchy", "1"))
    found += _v1_limits(memory.get("limit") or None, memory.get("swap") or None, folder)
    for key, name in (
        ("reservation", "memory.soft_limit_in_bytes"),
        ("kernelTCP", "memory.kmem.tcp.limit_in_bytes"),
        ("swappiness", "memory.swappiness"),
    ):
        value = memory.get(key)
        if value is not None and not (key == "swappiness" and value == -1):
            found.append((f"memory.{key}", name, str(value)))
    if memory.get("disableOOMKiller") is not None:
        wish = "1" if memory["disableOOMKiller"] else "0"
        if wish != str(table(folder.find("memory.oom_control")).get("oom_kill_disable", 0)):
            found.append(("memory.disableOOMKiller", "memory.oom_control", wish))
    return found


def _v1_limits(limit: int | None, swap: int | None, folder: Folder) -> list[Setting]:
    """memsw >= limit must hold at every moment: whichever makes room goes first."""
    if limit == -1 and swap is None and folder.has("memory.memsw.limit_in_bytes"):
        swap = -1  # unlimited memory below a limit of memory and swap together would be no such thing
    first = [("memory.limit", "memory.limit_in_bytes", str(limit))] if limit is not None else []
    if swap is None:
        return first
    second = ("memory.swap", "memory.memsw.limit_in_bytes", str(swap))
    present = number(folder, "memory.memsw.limit_in_bytes")
    growing = present is not None and present != -1 and (swap == -1 or swap > present)
    return [second, *first] if growing else [*first, second]


# ----------------------------------------------------------------------------------------------------------- v2


def _v2(memory: dict[str, Any], folder: Folder) -> list[Setting]:
    for key, hint in _NOT_IN_V2.items():
        neutral = (None, -1) if key == "swappiness" else (None, -1, 0)  # swappiness 0 says something
        if memory.get(key) not in neutral:
            raise CgroupError(f"memory.{key}: cgroup v2 has nothing of the kind", hint)
    limit, swap = memory.get("limit") or None, memory.get("swap") or None
    if limit == -1 and swap is None and folder.has("memory.swap.max"):
        swap = -1
    found: list[Setting] = []
    if swap is not None:
        found.append(("memory.swap", "memory.swap.max", _swap_alone(swap, limit, folder)))
    if limit is not None:
        found.append(("memory.limit", "memory.max", _or_max(limit)))
    if memory.get("reservation") is not None:
        found.append(("memory.reservation", "memory.low", str(max(0, memory["reservation"]))))
    return found


def _swap_alone(swap: int, limit: int | None, folder: Folder) -> str:
    """OCI's `swap` is memory and swap together, v2's is swap alone."""
    if swap == -1:
        return "max"
    if limit is None:
        limit = number(folder, "memory.max")
    if limit is None or limit == -1:
        raise CgroupError(
            f"memory.swap: {swap} bytes of memory and swap together say nothing while memory is unlimited",
            "set memory.limit too",
        )
    if swap < limit:
        raise CgroupError(
            f"memory.swap: memory and swap together ({swap} bytes) are less than memory alone ({limit})",
            "raise memory.swap, or set it to -1 for unlimited swap",
        )
    return str(swap - limit)


def _or_max(value: int) -> str:
    return "max" if value == -1 else str(value)


def rounded(limit: int, page: int) -> int:
    """What the kernel makes of a limit: whole pages, rounded down. 64 KiB pages make a difference that people see."""
    return limit if limit == -1 else limit // page * page


# --------------------------------------------------------------------------------------------------- statistics


def statistics(folder: Folder, version: int) -> dict[str, int]:
    """Bytes. `working` is usage without the file cache that is easily dropped: what docker shows as usage."""
    counters = table(folder.find("memory.stat"))
    if version == 1:
        usage = number(folder, "memory.usage_in_bytes")
        idle = counters.get("total_inactive_file", 0)
        rest = counted(
            limit=number(folder, "memory.limit_in_bytes"),
            peak=number(folder, "memory.max_usage_in_bytes"),
            cache=counters.get("total_cache"),
            anonymous=counters.get("total_rss"),
            swap=counters.get("total_swap"),
            swap_limit=number(folder, "memory.memsw.limit_in_bytes"),
            failures=number(folder, "memory.failcnt"),
        )
    else:
        usage = number(folder, "memory.current")
        idle = counters.get("inactive_file", 0)
        rest = counted(
            limit=number(folder, "memory.max"),
            peak=number(folder, "memory.peak"),
            cache=counters.get("file"),
            anonymous=counters.get("anon"),
            swap=number(folder, "memory.swap.current"),
            swap_limit=number(folder, "memory.swap.max"),
            failures=table(folder.find("memory.events")).get("max"),
        )
    if usage is None:
        return rest
    return {"usage": usage, "working": max(0, usage - idle), **rest}


def kills(folder: Folder, version: int) -> int | None:
    """Processes that the kernel killed for want of memory; None where it does not say (v1 before Linux 4.13)."""
    return table(folder.find("memory.oom_control" if version == 1 else "memory.events")).get("oom_kill")
