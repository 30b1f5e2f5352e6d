"""What compiling a bundle must know of other containers, of the layer, and of the ids set aside for containers."""

from __future__ import annotations

import os

from runtime.bundle.gathering import read_identities
from runtime.bundle.namespaces import joined_container
from runtime.bundle.surroundings import IdRange
from runtime.containers import lookup, status
from runtime.errors import WrongState
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import StorageBackend
    from runtime.containers.request import Request

_LARGEST = 8 << 20  # bytes of a passwd file that we are ready to read
_PROC = {"network": "net", "pid": "pid", "ipc": "ipc"}


def identities(storage: StorageBackend, wanted: dict[str, Any]) -> tuple[str, str]:
    """/etc/passwd and /etc/group of a container's root (`storage` in its record), empty where it has none."""
    if "rootfs" in wanted:
        return read_identities(wanted["rootfs"])
    passwd, group = (storage.peek(wanted["layer"], name, _LARGEST) for name in ("etc/passwd", "etc/group"))
    return passwd.decode("utf-8", "surrogateescape"), group.decode("utf-8", "surrogateescape")


def neighbours(paths: Paths, request: Request) -> tuple[dict[str, str], str]:
    """Paths of the namespaces of the containers that a request joins, by OCI kind, and the shared memory of one."""
    joined: dict[str, str] = {}
    shm = ""
    for kind, said in (("network", request.network), ("pid", request.pid), ("ipc", request.ipc)):
        name = joined_container(said)
        if not name:
            continue
        record = lookup.find(paths, name)
        seen = status.observe(paths, record)
        if not seen.running:
            raise WrongState(
                f"--{kind} {said}: container {record['name']} is {seen.name}", f"`runtime start {record['name']}` first"
            )
        joined[kind] = f"/proc/{seen.pid}/ns/{_PROC[kind]}"
        if kind == "ipc":
            if not record.get("shm"):
                raise WrongState(
                    f"--ipc {said}: container {record['name']} keeps its shared memory to itself",
                    "start that one with --ipc shareable",
                )
            shm = paths.shared_memory(record["id"])
    return joined, shm


def ranges(request: Request) -> tuple[tuple[IdRange, ...], tuple[IdRange, ...]]:
    """The id maps of a user namespace of the container's own: the range that /etc/subuid gives us, from 0 on."""
    if not request.userns or request.userns == "host":
        return (), ()
    return subordinate("/etc/subuid"), subordinate("/etc/subgid")


def subordinate(path: str) -> tuple[IdRange, ...]:
    """subuid(5): the first range of this user, or of "containers", as docker and podman take theirs."""
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        with open(path) as file:
            lines = [line.strip().split(":") for line in file]
    except (OSError, KeyError):
        return ()
    for owner in (user, str(os.geteuid()), "containers"):
        for fields in lines:
            if len(fields) == 3 and fields[0] == owner and fields[1].isdigit() and fields[2].isdigit():
                return (IdRange(0, int(fields[1]), int(fields[2])),)
    return ()
