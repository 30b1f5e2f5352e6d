"""The other containers that a container shares namespaces with."""

from __future__ import annotations

from runtime.bundle.namespaces import joined_container
from runtime.containers import lookup, status
from runtime.errors import WrongState
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.containers.request import Request

_PROC = {"network": "net", "pid": "pid", "ipc": "ipc"}


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
