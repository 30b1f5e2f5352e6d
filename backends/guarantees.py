"""What a container is promised. A demand names these; a backend says which it gives on a host.

On the launch path: plain classes, no imports at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from backends.requirements import Requirement
    from probes.report import HostReport

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
    "cpu-share": "CPU time can be shared by weight",
    "cpuset": "CPUs can be assigned",
    "pids-limit": "the number of processes can be limited",
    "io-limit": "block I/O can be limited",
    "layers": "images share what they have in common",
    "cheap-start": "a container starts without copying its image",
}

# Which family answers for a promise: selection holds each family to its own, and to no other's.
FAMILIES: dict[str, frozenset[str]] = {
    "execution": frozenset(
        (
            "own-root", "mount-namespace", "pid-namespace", "uts-namespace", "ipc-namespace", "user-namespace",
            "cgroup-namespace", "capabilities", "no-new-privileges", "seccomp", "read-only-root", "masked-paths",
            "kill-all",
        )
    ),
    "cgroups": frozenset(
        (
            "device-access", "pause", "memory-limit", "swap-limit", "cpu-limit", "cpu-share", "cpuset", "pids-limit",
            "io-limit",
        )
    ),
    "storage": frozenset(("layers", "cheap-start")),
    "network": frozenset(("network-namespace",)),
}  # fmt: skip

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

    def with_required(self, names: Iterable[str]) -> Demands:
        """These demands and more; what is required is no longer only preferred, nor forbidden."""
        more = frozenset(names)
        return Demands(self.require | more, self.prefer - more, self.forbid - more, self.forced)

    def with_preferred(self, names: Iterable[str]) -> Demands:
        """The same with these wished for only: what this host cannot give of them is given up visibly."""
        some = frozenset(names)
        return Demands(self.require - some, self.prefer | some, self.forbid - some, self.forced)

    def without(self, names: Iterable[str]) -> Demands:
        """The same without these, which the user gave up by name."""
        gone = frozenset(names)
        return Demands(self.require - gone, self.prefer - gone, self.forbid, self.forced)

    def with_forced(self, family: str, backend: str) -> Demands:
        return Demands(self.require, self.prefer, self.forbid, {**self.forced, family: backend})


class Promise:
    """A guarantee that a backend gives where `requirements` are met. `inherent`: it cannot be left out, so a demand
    that forbids the guarantee excludes the backend."""

    __slots__ = ("guarantee", "inherent", "requirements")

    def __init__(self, guarantee: str, *requirements: Requirement, inherent: bool = False) -> None:
        self.guarantee = guarantee
        self.requirements = requirements
        self.inherent = inherent


def given(promises: Iterable[Promise], report: HostReport) -> frozenset[str]:
    """The guarantees that these promises come to on a host."""
    return frozenset(
        promise.guarantee for promise in promises if all(needed.met(report) for needed in promise.requirements)
    )


# ------------------------------------------------------------------------------------------------------- demands

# What a container is promised when the user says nothing: what docker users rely on. no-new-privileges is no part of
# it (set-uid programs work in docker by default). device-access is: the default capabilities hold CAP_MKNOD, with which
# a root without device rules reads the host's disks.
DEFAULT_DEMANDS = Demands(
    require=frozenset(
        (
            "own-root", "mount-namespace", "pid-namespace", "uts-namespace", "ipc-namespace", "network-namespace",
            "capabilities", "seccomp", "masked-paths", "kill-all", "device-access",
        )
    ),
    prefer=frozenset(("pause", "layers", "cheap-start")),
)  # fmt: skip

# What a user gives up by name, and by which flag.
GIVEN_UP_BY: dict[str, frozenset[str]] = {
    "--privileged": frozenset(("capabilities", "seccomp", "masked-paths", "device-access")),
    "--network host": frozenset(("network-namespace",)),
    "--pid host": frozenset(("pid-namespace",)),
    "--ipc host": frozenset(("ipc-namespace",)),
    "--uts host": frozenset(("uts-namespace",)),
    "--userns host": frozenset(("user-namespace",)),
    "--cgroupns host": frozenset(("cgroup-namespace",)),
    "--security-opt seccomp=unconfined": frozenset(("seccomp",)),
    "--security-opt systempaths=unconfined": frozenset(("masked-paths",)),
    "--cap-drop MKNOD": frozenset(("device-access",)),
}

# What a user asks for by a flag, above the default.
ASKED_BY: dict[str, frozenset[str]] = {
    "--read-only": frozenset(("read-only-root",)),
    "--security-opt no-new-privileges": frozenset(("no-new-privileges",)),
    "--userns": frozenset(("user-namespace",)),
    "--cgroupns private": frozenset(("cgroup-namespace",)),
}
