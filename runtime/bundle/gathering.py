"""Looks up what `Surroundings` holds: the request's devices, the image's users, this program's own capabilities."""

from __future__ import annotations

import os

from arch import kernel
from arch.inside import open_inside
from runtime.bundle.devices import Node
from runtime.bundle.surroundings import Surroundings
from runtime.bundle.sysctls import UNPRIVILEGED_NETWORK
from runtime.errors import InvalidInput, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from backends.contract import StorageBackend
    from runtime.containers.request import Request

_LARGEST_FILE = 8 << 20  # of passwd and group: an image may hold anything there


def gather(request: Request, identifier: str, architecture: str, **known: Any) -> Surroundings:
    """`known` are the fields of `Surroundings` that only the caller can know. InvalidInput."""
    parent = request.cgroup_parent.rstrip("/")
    return Surroundings(
        identifier=identifier,
        architecture=architecture,
        hostname=os.uname().nodename,
        cgroup=f"{parent}/{identifier}" if request.cgroup_parent else "",
        nodes=host_nodes(request),
        cpus=os.cpu_count() or 1,
        newest_capability=kernel.last_capability(),
        capabilities=_grantable(),
        groups=_groups(),
        sysctls=tuple(name for name in UNPRIVILEGED_NETWORK if os.path.exists("/proc/sys/" + name.replace(".", "/"))),
        **known,
    )


def _groups() -> int:
    """How many there are in our user namespace, from 0 on."""
    try:
        with open("/proc/self/gid_map", encoding="ascii") as file:
            lines = [[int(word) for word in line.split()] for line in file]
    except FileNotFoundError:  # before Linux 3.5
        return 1 << 31
    return min(sum(size for _, _, size in lines), 1 << 31)


def _grantable() -> int:
    newest = kernel.last_capability()
    return sum(1 << number for number in range(newest + 1) if kernel.bounding_has(number))


def identities(storage: StorageBackend, wanted: dict[str, Any]) -> tuple[str, str]:
    """/etc/passwd and /etc/group of a container's root (`storage` in its record), empty where it has none."""
    if "rootfs" in wanted:
        return read_identities(wanted["rootfs"])
    passwd, group = (storage.peek(wanted["layer"], name, _LARGEST_FILE) for name in ("etc/passwd", "etc/group"))
    return passwd.decode("utf-8", "surrogateescape"), group.decode("utf-8", "surrogateescape")


def read_identities(root: str) -> tuple[str, str]:
    """The texts of /etc/passwd and /etc/group inside `root`; empty where there is none."""
    try:
        descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise explain(error, f"open the image's root {root}") from error
    try:
        return _text_inside(descriptor, "/etc/passwd"), _text_inside(descriptor, "/etc/group")
    finally:
        os.close(descriptor)


def _text_inside(root: int, path: str) -> str:
    try:
        # O_NONBLOCK: an image may have a FIFO there.
        file = open_inside(root, path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        with os.fdopen(file, "rb") as stream:
            return stream.read(_LARGEST_FILE).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def host_nodes(request: Request) -> dict[str, Node]:
    """The device nodes of the host that a request may use: those it names, or all of /dev when privileged."""
    resources = request.resources
    throttled = (
        resources.blkio_weight_device, resources.device_read_bps, resources.device_write_bps,
        resources.device_read_iops, resources.device_write_iops,
    )  # fmt: skip
    paths = [device.source for device in request.devices]
    paths.extend(throttle.device for group in throttled for throttle in group)
    if request.privileged:
        paths.append("/dev")
    nodes: dict[str, Node] = {}
    for path in paths:
        nodes.update(_nodes_at(path))
    return nodes


def _nodes_at(path: str) -> dict[str, Node]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise InvalidInput(f"--device: {path}: {error.strerror}", "ls -l /dev shows this host's devices") from error
    node = _node(found)
    if node is not None:
        return {path: node}
    return dict(_nodes_below(path)) if os.path.isdir(path) else {}


def _nodes_below(folder: str) -> Iterable[tuple[str, Node]]:
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in files:
            path = f"{place}/{name}"
            try:
                node = _node(os.lstat(path))
            except OSError:
                continue  # gone since it was listed
            if node is not None:
                yield path, node


def _node(found: os.stat_result) -> Node | None:
    return Node.of(found.st_mode, os.major(found.st_rdev), os.minor(found.st_rdev), found.st_uid, found.st_gid)
