"""The limits of a request as `linux.resources` of a bundle. Whether this host can apply them is for the cgroup manager
to say; here only what contradicts itself is refused."""

from __future__ import annotations

from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from runtime.bundle.devices import Node
    from runtime.containers.request import Resources, Throttle

_LEAST_MEMORY = 6 << 20  # below, docker says, no container starts; runc itself needs about that
_SET = r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*"
_PERIOD = 100_000  # microseconds, of CFS bandwidth: the kernel's own default


def limits(wanted: Resources, cpus: int, swap_accounting: bool, nodes: Mapping[str, Node]) -> dict[str, Any]:
    """`cpus` of this host bound --cpus; `nodes` are its devices by path. InvalidInput."""
    resources = {
        "memory": _memory(wanted, swap_accounting),
        "cpu": _cpu(wanted, cpus),
        "pids": _pids(wanted),
        "blockIO": _block(wanted, nodes),
    }
    return {name: values for name, values in resources.items() if values}


def _memory(wanted: Resources, swap_accounting: bool) -> dict[str, Any]:
    memory: dict[str, Any] = {}
    limit, swap = wanted.memory or None, wanted.memory_swap or None
    if limit is not None and limit != -1:
        if limit < _LEAST_MEMORY:
            raise InvalidInput(f"--memory: {limit} bytes are too few to start anything", "the least is 6m")
        memory["limit"] = limit
        if swap is None and swap_accounting:
            swap = 2 * limit  # as docker: as much swap as memory
    if swap is not None:
        if limit is None and swap != -1:
            raise InvalidInput(
                "--memory-swap: it is memory and swap together, and --memory is not set", "give --memory too"
            )
        if limit is not None and swap != -1 and swap < limit:
            raise InvalidInput(
                "--memory-swap: it is memory and swap together, so it cannot be less than --memory",
                "give at least as much as --memory, or -1 for no limit",
            )
        memory["swap"] = swap
    if wanted.memory_reservation:
        if limit is not None and wanted.memory_reservation > limit:
            raise InvalidInput("--memory-reservation: the soft limit cannot be above --memory")
        memory["reservation"] = wanted.memory_reservation
    if wanted.memory_swappiness is not None and wanted.memory_swappiness != -1:
        within("--memory-swappiness", wanted.memory_swappiness, 0, 100)
        memory["swappiness"] = wanted.memory_swappiness
    if wanted.oom_kill_disable:
        memory["disableOOMKiller"] = True
    return memory


def _cpu(wanted: Resources, cpus: int) -> dict[str, Any]:
    cpu: dict[str, Any] = {}
    if wanted.nano_cpus:
        if wanted.cpu_period or wanted.cpu_quota:
            raise InvalidInput("--cpus says the same as --cpu-period and --cpu-quota", "give one or the other")
        if not 10_000_000 <= wanted.nano_cpus <= cpus * 1_000_000_000:
            raise InvalidInput(
                f"--cpus: {wanted.nano_cpus / 1e9:g} is out of range", f"this machine has {cpus}: from 0.01 to {cpus}"
            )
        cpu["period"] = _PERIOD
        cpu["quota"] = wanted.nano_cpus * _PERIOD // 1_000_000_000
    if wanted.cpu_period:
        within("--cpu-period", wanted.cpu_period, 1000, 1_000_000)
        cpu["period"] = wanted.cpu_period
    if wanted.cpu_quota:
        if wanted.cpu_quota != -1:
            within("--cpu-quota", wanted.cpu_quota, 1000, 2**44 // 1000)
        cpu["quota"] = wanted.cpu_quota
    if wanted.cpu_shares:
        within("--cpu-shares", wanted.cpu_shares, 2, 262_144)
        cpu["shares"] = wanted.cpu_shares
    if wanted.cpu_rt_period:
        cpu["realtimePeriod"] = wanted.cpu_rt_period
    if wanted.cpu_rt_runtime:
        cpu["realtimeRuntime"] = wanted.cpu_rt_runtime
    for name, flag, value in (("cpus", "cpuset-cpus", wanted.cpuset_cpus), ("mems", "cpuset-mems", wanted.cpuset_mems)):
        if value:
            cpu[name] = _set(f"--{flag}", value)
    return cpu


def _pids(wanted: Resources) -> dict[str, Any]:
    if wanted.pids_limit is None:
        return {}
    return {"limit": wanted.pids_limit if wanted.pids_limit > 0 else -1}


def _block(wanted: Resources, nodes: Mapping[str, Node]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    if wanted.blkio_weight:
        within("--blkio-weight", wanted.blkio_weight, 10, 1000)
        block["weight"] = wanted.blkio_weight
    for name, flag, values in (
        ("weightDevice", "--blkio-weight-device", wanted.blkio_weight_device),
        ("throttleReadBpsDevice", "--device-read-bps", wanted.device_read_bps),
        ("throttleWriteBpsDevice", "--device-write-bps", wanted.device_write_bps),
        ("throttleReadIOPSDevice", "--device-read-iops", wanted.device_read_iops),
        ("throttleWriteIOPSDevice", "--device-write-iops", wanted.device_write_iops),
    ):
        key = "weight" if name == "weightDevice" else "rate"
        if values:
            block[name] = [_throttle(value, key, flag, nodes) for value in values]
    return block


def _throttle(value: Throttle, key: str, flag: str, nodes: Mapping[str, Node]) -> dict[str, Any]:
    node = nodes.get(value.device)
    if node is None or node.kind != "b":
        raise InvalidInput(f"{flag}: {value.device} is no block device of this host", "lsblk shows them")
    return {"major": node.major, "minor": node.minor, key: value.rate}


def _set(flag: str, text: str) -> str:
    import re  # only for those who ask: it takes 6 ms

    if not re.fullmatch(_SET, text, re.ASCII):
        raise InvalidInput(f"{flag}: {text!r} is not a list of numbers", "write it like 0-3,5")
    for item in text.split(","):
        first, dash, last = item.partition("-")
        if dash and int(first) > int(last):
            raise InvalidInput(f"{flag}: {item} runs backwards")
    return text


def within(flag: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise InvalidInput(f"{flag}: {value} is out of range", f"it goes from {least} to {most}")
    return value
