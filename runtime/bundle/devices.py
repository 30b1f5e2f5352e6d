"""--device and --device-cgroup-rule, and what every container's /dev may be asked to do."""

from __future__ import annotations

import stat

from runtime.containers.request import Device
from runtime.errors import InvalidInput
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


class Node(Value):
    """A device node of the host, as stat(2) saw it: `kind` is "c" or "b"."""

    kind: str
    major: int
    minor: int
    mode: int
    uid: int = 0
    gid: int = 0

    @classmethod
    def of(cls, mode: int, major: int, minor: int, uid: int, gid: int) -> Node | None:
        """None for what is no device."""
        if stat.S_ISCHR(mode):
            return cls("c", major, minor, stat.S_IMODE(mode), uid, gid)
        if stat.S_ISBLK(mode):
            return cls("b", major, minor, stat.S_IMODE(mode), uid, gid)
        return None


_RULE = r"([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})"

# What runc lets every container do: make nodes of any device (opening them is another matter), and use these.
_ALWAYS: tuple[tuple[str, int | None, int | None, str], ...] = (
    ("c", None, None, "m"),
    ("b", None, None, "m"),
    ("c", 1, 3, "rwm"),  # null
    ("c", 1, 5, "rwm"),  # zero
    ("c", 1, 7, "rwm"),  # full
    ("c", 1, 8, "rwm"),  # random
    ("c", 1, 9, "rwm"),  # urandom
    ("c", 5, 0, "rwm"),  # tty
    ("c", 5, 1, "rwm"),  # console
    ("c", 5, 2, "rwm"),  # ptmx
    ("c", 136, None, "rwm"),  # pts/*
)


def parse_device(text: str) -> Device:
    """ "/dev/a[:/dev/b][:rwm]". InvalidInput."""
    parts = text.split(":")
    source, target, permissions = parts[0], parts[0], "rwm"
    if len(parts) == 2:
        if _permissions(parts[1]):
            permissions = parts[1]
        else:
            target = parts[1]
    elif len(parts) == 3:
        target, permissions = parts[1] or source, parts[2]
    if len(parts) > 3 or not _permissions(permissions):
        raise InvalidInput(f"--device: {text!r} is not SOURCE[:TARGET][:PERMISSIONS]", "permissions are out of rwm")
    for path in (source, target):
        if not path.startswith("/") or "\0" in path:
            raise InvalidInput(f"--device: {path!r} in {text!r} is not an absolute path")
    return Device(source, target, permissions)


def _permissions(text: str) -> bool:
    return bool(text) and len(set(text)) == len(text) and set(text) <= set("rwm")


def parse_rule(text: str) -> dict[str, Any]:
    """ "c 42:* rmw" as an element of linux.resources.devices. InvalidInput."""
    import re  # only for those who ask: it takes 6 ms

    found = re.fullmatch(_RULE, text, re.ASCII)
    if found is None:
        raise InvalidInput(f"--device-cgroup-rule: {text!r} is not TYPE MAJOR:MINOR ACCESS", "such as 'c 189:* rmw'")
    kind, major, minor, access = found.groups()
    return _rule(kind, None if major == "*" else int(major), None if minor == "*" else int(minor), access)


def _rule(kind: str, major: int | None, minor: int | None, access: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"allow": True, "type": kind}
    if major is not None:
        rule["major"] = major
    if minor is not None:
        rule["minor"] = minor
    return {**rule, "access": access}


def expand(devices: Iterable[Device], nodes: Mapping[str, Node]) -> list[tuple[str, str, Node]]:
    """(target, permissions, node) of each device; a folder stands for the devices in it. `nodes` are the host's, by
    path. InvalidInput for what is not there."""
    found = []
    for device in devices:
        if device.source in nodes:
            found.append((device.target, device.permissions, nodes[device.source]))
            continue
        below = [path for path in sorted(nodes) if path.startswith(device.source.rstrip("/") + "/")]
        if not below:
            raise InvalidInput(f"--device: {device.source} is no device of this host", "ls -l /dev shows them")
        base = len(device.source.rstrip("/"))
        found.extend((device.target.rstrip("/") + path[base:], device.permissions, nodes[path]) for path in below)
    return found


def device_nodes(devices: Iterable[tuple[str, str, Node]]) -> list[dict[str, Any]]:
    """`linux.devices`."""
    return [
        {"path": path, "type": node.kind, "major": node.major, "minor": node.minor, "fileMode": node.mode,
         "uid": node.uid, "gid": node.gid}
        for path, _, node in devices
    ]  # fmt: skip


def device_rules(devices: Iterable[tuple[str, str, Node]], more: Iterable[str]) -> list[dict[str, Any]]:
    """`linux.resources.devices`: everything is refused but what every container has and what was granted."""
    rules: list[dict[str, Any]] = [{"allow": False, "access": "rwm"}]
    rules.extend(_rule(*rule) for rule in _ALWAYS)
    rules.extend(_rule(node.kind, node.major, node.minor, permissions) for _, permissions, node in devices)
    rules.extend(parse_rule(text) for text in more)
    return rules
