"""linux.sysctl: only what is a namespace's own may be set. Pure."""

from __future__ import annotations

from backends.execution.configuration import refuse, text
from backends.execution.steps.step import Step
from backends.execution.steps.sysctl import SetSysctls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_IPC = frozenset(
    "kernel." + name for name in ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
)
_UTS = "kernel.domainname"
_HOSTNAME = "kernel.hostname"  # runc and crun refuse it, too: which of two names were to hold?


def steps_of(values: dict[str, Any], has: Callable[[str], bool]) -> list[Step]:
    """`has` says whether the container has a namespace of that kind of its own."""
    for name in values:
        path = f"linux.sysctl.{name}"
        if name.replace("/", ".") == _HOSTNAME:
            raise refuse(path, "the name of the host is the property hostname")
        kind = _kind(name)
        if not kind:
            raise refuse(path, "it is not a namespace's own: it would be set for the whole host")
        if not has(kind):
            raise refuse(path, f"without a {kind} namespace it would be set for the whole host")
        text(values, name, path)
    return [SetSysctls(dict(values))]


def _kind(name: str) -> str:
    dotted = name.replace("/", ".")
    if ".." in dotted:
        return ""
    if dotted in _IPC or dotted.startswith("fs.mqueue."):
        return "ipc"
    if dotted == _UTS:
        return "uts"
    return "network" if dotted.startswith("net.") else ""
