"""`info`, `version` and `system df`: the whole program at a glance."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

from runtime.containers import status
from runtime.volumes.volume import VolumeStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport
    from runtime.containers.control import Target
    from runtime.images.store import ImageStore
    from runtime.paths import Paths
    from runtime.settings import Settings

VERSION = "0.1.0"


def version() -> dict[str, Any]:
    return {
        "Version": VERSION,
        "Python": platform.python_version(),
        "Os": "linux",
        "Arch": platform.machine(),
        "KernelVersion": platform.release(),
        "OCI": "1.2.0",
        "Dependencies": {name: _dependency(name) for name in ("cffi", "click", "distro")},
    }


def _dependency(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def info(report: HostReport, targets: list[Target], images: ImageStore, settings: Settings) -> dict[str, Any]:
    from backends.guarantees import DEFAULT_DEMANDS
    from backends.selection import consider_all

    counts = {"Containers": 0, "ContainersRunning": 0, "ContainersPaused": 0, "ContainersStopped": 0}
    for target in targets:
        counts["Containers"] += 1
        key = {status.RUNNING: "Running", status.PAUSED: "Paused"}.get(target.status.name, "Stopped")
        counts["Containers" + key] += 1
    selections = consider_all(report, DEFAULT_DEMANDS)
    return {
        **counts,
        "Images": len(images.list()),
        "ServerVersion": VERSION,
        "Root": settings.paths.root,
        "State": settings.paths.state,
        "Driver": images.storage.name,
        "Backends": {family: selection.chosen or None for family, selection in selections.items()},
        "GivenUp": [line for selection in selections.values() for line in selection.given_up],
        "KernelVersion": report.kernel.get("release", ""),
        "OperatingSystem": report.distribution.get("name", ""),
        "Architecture": report.machine.get("architecture", ""),
        "NCPU": os.cpu_count(),
        "MemTotal": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "Name": platform.node(),
        "Python": sys.version.split()[0],
        "Rootless": settings.rootless,
    }


def usage(targets: list[Target], images: ImageStore, paths: Paths) -> dict[str, Any]:
    """Bytes by kind, for `system df`."""
    storage = images.storage
    containers = [target.record["storage"].get("layer") for target in targets]
    kept = storage.layers()
    return {
        "Images": {
            "count": len(images.list()),
            "size": sum(storage.usage(name) for name in kept if name not in containers),
        },
        "Containers": {
            "count": len(containers),
            "size": sum(storage.usage(name) for name in containers if name in kept),
        },
        "Volumes": {"count": len(VolumeStore(paths).list())},
    }


def volumes_of(record: dict[str, Any]) -> set[str]:
    """The names of the volumes that a container mounts."""
    named = {
        mount["source"]
        for mount in record["request"].get("mounts", [])
        if mount["type"] == "volume" and mount["source"]
    }
    return named | set(record.get("volumes") or ())
