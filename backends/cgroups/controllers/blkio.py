"""Block I/O: v1's blkio, v2's io. Weights belong to the scheduler: CFQ (until Linux 5.0), BFQ, or v2's iocost."""

from __future__ import annotations

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources

_WEIGHTS = (1, 1000)  # BFQ's; CFQ begins at 10
# OCI key -> v1's file, v2's key in io.max
_THROTTLES = {
    "throttleReadBpsDevice": ("blkio.throttle.read_bps_device", "rbps"),
    "throttleWriteBpsDevice": ("blkio.throttle.write_bps_device", "wbps"),
    "throttleReadIOPSDevice": ("blkio.throttle.read_iops_device", "riops"),
    "throttleWriteIOPSDevice": ("blkio.throttle.write_iops_device", "wiops"),
}


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    blkio = resources.get("blockIO") or {}
    least, most = _WEIGHTS
    for weight in [blkio.get("weight"), *(item.get("weight") for item in blkio.get("weightDevice") or ())]:
        if weight and not least <= weight <= most:
            raise CgroupError(f"blockIO.weight: {weight} is not between {least} and {most}", "500 is usual")
    return (_v1 if version == 1 else _v2)(blkio, folder) + _throttles(blkio, version)


def _v1(blkio: dict[str, Any], folder: Folder) -> list[Setting]:
    scheduler = "blkio.bfq" if folder.has("blkio.bfq.weight") else "blkio"
    found: list[Setting] = []
    if blkio.get("weight"):
        found.append(("blockIO.weight", f"{scheduler}.weight", str(blkio["weight"])))
    if blkio.get("leafWeight"):
        found.append(("blockIO.leafWeight", "blkio.leaf_weight", str(blkio["leafWeight"])))
    for item in blkio.get("weightDevice") or ():
        if item.get("weight"):
            found.append(("blockIO.weightDevice", f"{scheduler}.weight_device", f"{_device(item)} {item['weight']}"))
        if item.get("leafWeight"):
            value = f"{_device(item)} {item['leafWeight']}"
            found.append(("blockIO.weightDevice", "blkio.leaf_weight_device", value))
    return found


def _v2(blkio: dict[str, Any], folder: Folder) -> list[Setting]:
    if blkio.get("leafWeight"):
        raise CgroupError("blockIO.leafWeight: cgroup v2 has nothing of the kind", "leave it out")
    bfq = folder.has("io.bfq.weight")
    name = "io.bfq.weight" if bfq else "io.weight"
    found: list[Setting] = []
    if blkio.get("weight"):
        found.append(("blockIO.weight", name, f"default {blkio['weight'] if bfq else scaled(blkio['weight'])}"))
    for item in blkio.get("weightDevice") or ():
        if item.get("leafWeight"):
            raise CgroupError("blockIO.weightDevice: cgroup v2 has no leaf weights", "leave leafWeight out")
        if item.get("weight"):
            value = item["weight"] if bfq else scaled(item["weight"])
            found.append(("blockIO.weightDevice", name, f"{_device(item)} {value}"))
    return found


def scaled(weight: int) -> int:
    """10..1000 of v1 as 1..10000 of v2's io.weight, the line that runc and crun draw too."""
    return max(1, 1 + (weight - 10) * 9999 // 990)


def _throttles(blkio: dict[str, Any], version: int) -> list[Setting]:
    found: list[Setting] = []
    for key, (file, word) in _THROTTLES.items():
        for item in blkio.get(key) or ():
            rate = item.get("rate") or 0  # 0: no limit
            if version == 1:
                found.append((f"blockIO.{key}", file, f"{_device(item)} {rate}"))
            else:
                found.append((f"blockIO.{key}", "io.max", f"{_device(item)} {word}={rate or 'max'}"))
    return found


def _device(item: dict[str, Any]) -> str:
    return f"{item.get('major', 0)}:{item.get('minor', 0)}"


# --------------------------------------------------------------------------------------------------- statistics


def statistics(folder: Folder, version: int) -> dict[str, int]:
    """Bytes and operations over all devices."""
    return _v1_statistics(folder) if version == 1 else _v2_statistics(folder.find("io.stat"))


def _v1_statistics(folder: Folder) -> dict[str, int]:
    found: dict[str, int] = {}
    for ours, kind in (("", "io_service_bytes"), ("_operations", "io_serviced")):
        for name in (f"blkio.throttle.{kind}_recursive", f"blkio.throttle.{kind}"):  # _recursive: 5.4
            if folder.has(name):
                for line in folder.find(name).splitlines():
                    fields = line.split()
                    if len(fields) == 3 and fields[1] in ("Read", "Write") and fields[2].isdigit():
                        key = fields[1].lower() + ours
                        found[key] = found.get(key, 0) + int(fields[2])
                found.setdefault("read" + ours, 0)
                found.setdefault("write" + ours, 0)
                break
    return found


def _v2_statistics(text: str) -> dict[str, int]:
    keys = {"rbytes": "read", "wbytes": "write", "rios": "read_operations", "wios": "write_operations"}
    found = dict.fromkeys(keys.values(), 0)
    for line in text.splitlines():
        for field in line.split()[1:]:
            key, _, value = field.partition("=")
            if key in keys and value.isdigit():
                found[keys[key]] += int(value)
    return found
