"""What a container is promised. A demand names these; a backend says which it gives on a host."""

from __future__ import annotations

# name -> what the promise is, for a person
GUARANTEES: dict[str, str] = {
    "own-root": "the container sees its own file system, and no other",
    "mount-namespace": "mounts made inside are not seen outside",
    "pid-namespace": "processes outside can be neither seen nor signalled",
    "uts-namespace": "a host name of its own",
    "ipc-namespace": "System V IPC and message queues of its own",
    "network-namespace": "network interfaces of its own",
    "user-namespace": "root inside is an ordinary user outside",
    "cgroup-namespace": "the host's cgroup tree is hidden",
    "capabilities": "only the capabilities that were granted",
    "no-new-privileges": "set-uid programs gain nothing",
    "seccomp": "dangerous system calls are refused",
    "read-only-root": "the root file system can be made read-only",
    "masked-paths": "the host's secrets in /proc and /sys are covered",
    "device-access": "only the devices that were granted",
    "kill-all": "no process outlives the container",
    "pause": "the container can be frozen",
    "memory-limit": "memory can be limited",
    "swap-limit": "swap can be limited",
    "cpu-limit": "CPU time can be limited",
    "cpuset": "CPUs can be assigned",
    "pids-limit": "the number of processes can be limited",
    "io-limit": "block I/O can be limited",
    "layers": "images share what they have in common",
    "cheap-start": "a container starts without copying its image",
}

REQUIRE = "require"
PREFER = "prefer"
FORBID = "forbid"


class Demands:
    """What a container asks for: names of GUARANTEES by strength, and backends forced by name ({"storage": "copy"})."""

    __slots__ = ("forbid", "forced", "prefer", "require")

    def __init__(
        self,
        require: frozenset[str] = frozenset(),
        prefer: frozenset[str] = frozenset(),
        forbid: frozenset[str] = frozenset(),
        forced: dict[str, str] | None = None,
    ) -> None:
        self.require = require
        self.prefer = prefer
        self.forbid = forbid
        self.forced = dict(forced or {})
