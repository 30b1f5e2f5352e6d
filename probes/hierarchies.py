"""Where the cgroup hierarchies are, and where in them we are: from mountinfo, /proc/self/cgroup, /proc/cgroups."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from probes import mountinfo
from probes.host import Host
from probes.inquiry import text

# What v1 mount options say besides controllers
_OPTIONS = ("rw", "ro", "relatime", "noatime", "nosuid", "nodev", "noexec", "xattr", "noprefix", "clone_children",
            "cpuset_v2_mode", "favordynmods", "memory_recursiveprot", "seclabel")  # fmt: skip


@dataclass(frozen=True)
class Hierarchies:
    """`v1`: controller -> the folder of our own cgroup in its hierarchy ("systemd" for name=systemd); `v2_place`: our
    own folder in the v2 hierarchy, or empty; `enabled`: controller -> on, as /proc/cgroups says."""

    v1: dict[str, str] = field(default_factory=dict)
    v2_place: str = ""
    v2_mount: str = ""
    enabled: dict[str, bool] = field(default_factory=dict)

    @property
    def style(self) -> str:
        real = [name for name in self.v1 if name != "systemd"]
        if self.v2_mount:
            return "hybrid" if self.v1 else "v2"
        return "v1" if real else "none"


def of(host: Host) -> Hierarchies:
    return parse(text(host, "/proc/self/mountinfo"), text(host, "/proc/self/cgroup"), text(host, "/proc/cgroups"))


def parse(mounts: str, own: str, controllers: str) -> Hierarchies:
    places = _own(own)
    v1: dict[str, str] = {}
    v2_place = v2_mount = ""
    for mount in mountinfo.parse(mounts):
        if mount.kind == "cgroup2" and not v2_mount:
            v2_mount, v2_place = mount.point, _place(mount, places.get("", "/"))
        elif mount.kind == "cgroup":
            for option in mount.super_options:
                name = option.removeprefix("name=")
                if name not in _OPTIONS and "=" not in name and name not in v1:
                    v1[name] = _place(mount, places.get(option, places.get(name, "/")))
    return Hierarchies(v1, v2_place, v2_mount, enabled(controllers))


def _own(text_: str) -> dict[str, str]:
    """/proc/self/cgroup: controller, or name=..., or "" for v2 -> path."""
    answer = {}
    for line in text_.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for name in parts[1].split(","):
                answer[name] = parts[2]
    return answer


def _place(mount: mountinfo.Mount, own: str) -> str:
    """Our own cgroup under a mount that may show a part of the hierarchy only (inside containers)."""
    if own.startswith("/.."):
        return mount.point  # outside of our cgroup namespace
    inside = os.path.relpath(own, mount.root)
    if inside.startswith(".."):
        return mount.point
    return mount.point if inside == "." else os.path.join(mount.point, inside)


def enabled(controllers: str) -> dict[str, bool]:
    """/proc/cgroups. Since Linux 6.11 v1-only controllers may be missing there."""
    answer = {}
    for line in controllers.splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith("#"):
            answer[fields[0]] = fields[3] == "1"
    return answer
