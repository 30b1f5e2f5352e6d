"""The options of `update` as linux.resources."""

from __future__ import annotations

from runtime.oci.errors import Refused
from runtime.oci.options import NUMBER, TEXT, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}

OPTIONS = (
    Option("resources", "file of a linux.resources object, or - for standard input, instead of the options", TEXT, "r"),
    Option("blkio-weight", "share of the disks, 10 to 1000", NUMBER),
    Option("cpu-period", "length of a period of CPU time, in microseconds", NUMBER),
    Option("cpu-quota", "CPU time in each period, in microseconds", NUMBER),
    Option("cpu-burst", "CPU time that may be saved for later, in microseconds", NUMBER),
    Option("cpu-share", "share of the CPUs, against other containers", NUMBER),
    Option("cpu-rt-period", "length of a period of real-time CPU time, in microseconds", NUMBER),
    Option("cpu-rt-runtime", "real-time CPU time in each period, in microseconds", NUMBER),
    Option("cpu-idle", "1: only what others leave", NUMBER),
    Option("cpuset-cpus", "CPUs to use", TEXT),
    Option("cpuset-mems", "memory nodes to use", TEXT),
    Option("memory", "bytes, or with k, m, g; -1: no limit", TEXT, "m"),
    Option("memory-reservation", "the same, as a soft limit", TEXT),
    Option("memory-swap", "the same, for memory and swap together", TEXT),
    Option("kernel-memory", "taken as runc does, and not used: the kernel has no such limit any more", TEXT),
    Option("kernel-memory-tcp", "the same for buffers of TCP", TEXT),
    Option("pids-limit", "number of processes; -1: no limit", NUMBER),
    Option("l3-cache-schema", "shares of the caches, as in linux.intelRdt.l3CacheSchema", TEXT),
    Option("mem-bw-schema", "shares of the memory's bandwidth, as in linux.intelRdt.memBwSchema", TEXT),
)

# option -> section and key of linux.resources
_PLACES = {
    "blkio-weight": ("blockIO", "weight"),
    "cpu-period": ("cpu", "period"),
    "cpu-quota": ("cpu", "quota"),
    "cpu-burst": ("cpu", "burst"),
    "cpu-share": ("cpu", "shares"),
    "cpu-rt-period": ("cpu", "realtimePeriod"),
    "cpu-rt-runtime": ("cpu", "realtimeRuntime"),
    "cpu-idle": ("cpu", "idle"),
    "cpuset-cpus": ("cpu", "cpus"),
    "cpuset-mems": ("cpu", "mems"),
    "memory": ("memory", "limit"),
    "memory-reservation": ("memory", "reservation"),
    "memory-swap": ("memory", "swap"),
    "kernel-memory-tcp": ("memory", "kernelTCP"),
    "pids-limit": ("pids", "limit"),
}
_BYTES = ("memory", "memory-reservation", "memory-swap", "kernel-memory-tcp")


def from_options(said: dict[str, Any]) -> dict[str, Any]:
    """Only what was said. Refused"""
    resources: dict[str, Any] = {}
    for option, (section, key) in _PLACES.items():
        value = said[option]
        if value is None or value == "":
            continue
        resources.setdefault(section, {})[key] = size(value, option) if option in _BYTES else value
    return resources


def shares(said: dict[str, Any]) -> dict[str, Any]:
    """What was said of linux.intelRdt."""
    places = (("l3-cache-schema", "l3CacheSchema"), ("mem-bw-schema", "memBwSchema"))
    return {key: said[option] for option, key in places if said[option]}


def size(text: str, option: str) -> int:
    """Bytes: "512m", "1GiB", "-1"."""
    number = text.lower().removesuffix("ib").removesuffix("b")
    unit = number[-1:] if number[-1:].isalpha() else ""
    number = number[: len(number) - len(unit)]
    if unit not in _UNITS or not number.removeprefix("-").isdigit():
        raise Refused(f"invalid value for {option}: {text!r} is no number of bytes")
    return int(number) * _UNITS[unit]
