"""The kinds of namespaces, as config.json, clone(2) and /proc name them. On the launch path."""

from __future__ import annotations

from arch import constants as c


class Kind:
    """`capability` is the report's; `entry` the name below /proc/PID/ns."""

    __slots__ = ("capability", "entry", "flag", "name")

    def __init__(self, name: str, entry: str, flag: int, capability: str) -> None:
        self.name = name
        self.entry = entry
        self.flag = flag
        self.capability = capability


# In the order in which they are joined: mount last but one, for the others' files may be in reach only until then.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("user", "user", c.CLONE_NEWUSER, "namespace.user"),
        Kind("ipc", "ipc", c.CLONE_NEWIPC, "namespace.ipc"),
        Kind("uts", "uts", c.CLONE_NEWUTS, "namespace.uts"),
        Kind("network", "net", c.CLONE_NEWNET, "namespace.net"),
        Kind("pid", "pid", c.CLONE_NEWPID, "namespace.pid"),
        Kind("cgroup", "cgroup", c.CLONE_NEWCGROUP, "namespace.cgroup"),
        Kind("time", "time", c.CLONE_NEWTIME, "namespace.time"),
        Kind("mount", "mnt", c.CLONE_NEWNS, "namespace.mount"),
    )
}


def names_of(flags: int) -> str:
    return " ".join(kind.name for kind in KINDS.values() if kind.flag & flags)
