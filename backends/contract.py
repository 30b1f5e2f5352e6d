"""The contracts of all families of backends; no behaviour.

A backend of every family has a name, requirements (data over capabilities, judged by `backends.requirements`) and
guarantees (names of `backends.guarantees`). On the launch path: no dataclasses, no typing at run time.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from backends.requirements import Requirement
    from backends.storage.shift import Owners
    from probes.report import HostReport

    # An OCI config.json (runtime-spec 1.2), as the dictionary that it is.
    Bundle = dict[str, Any]
    # linux.resources of the same.
    Resources = dict[str, Any]


class Backend:
    """What selection needs to know of any backend."""

    name = ""
    family = ""  # "execution", "storage", "cgroups", "network"
    title = ""  # one line for a person
    requirements: tuple[Requirement, ...] = ()

    def guarantees(self, report: HostReport) -> frozenset[str]:
        """What a container is promised by this backend on this host."""
        raise NotImplementedError


# ---------------------------------------------------------------------------------------------------- execution


class Plan:
    """What starting a container will do: pure, printable, and all that `create` needs.

    `steps` are in order; each has a `place` ("parent", "child", "init") that says which process executes it.
    """

    __slots__ = ("backend", "bundle", "settings", "steps")

    def __init__(self, backend: str, bundle: Bundle, steps: list[Any], settings: dict[str, Any]) -> None:
        self.backend = backend
        self.bundle = bundle
        self.steps = steps
        self.settings = settings

    def describe(self) -> list[str]:
        return [f"{step.place}: {step.describe()}" for step in self.steps]


class Stdio:
    """The three descriptors a container's process gets. With `process.terminal` the backend allocates a terminal in
    the container's own devpts instead, and hands its master over in `Process.console`; `plain`: that terminal puts no
    carriage returns before new lines, for what is read from it goes to a file or a pipe."""

    __slots__ = ("plain", "stderr", "stdin", "stdout")

    def __init__(self, stdin: int, stdout: int, stderr: int, plain: bool = False) -> None:
        self.plain = plain
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr


class Process:
    """A container's process as its parent sees it.

    pid         in the caller's PID namespace
    start_time  field 22 of /proc/PID/stat: with the pid it names the process for ever
    console     master of its terminal, or -1
    gate        the backend's own handle by which `start` releases a created process
    keeper      the caller's child that ends when the process ends, where that is not the process itself: it is what the
                caller reaps, and `outcome` says from its status how the process ended
    """

    __slots__ = ("console", "gate", "keeper", "pid", "start_time")

    def __init__(self, pid: int, start_time: int, console: int = -1, gate: Any = None) -> None:
        self.pid = pid
        self.start_time = start_time
        self.console = console
        self.gate = gate
        self.keeper = pid


class ExecutionBackend(Backend):
    """Runs bundles. Sees nothing but the bundle and the report."""

    family = "execution"
    sheltered = True  # whether all that a container mounts is gone with its last process
    # What it does itself, and the caller leaves to it: "cgroups" are made by `create`, to be found by their manager.
    duties: tuple[str, ...] = ()

    def plan(self, bundle: Bundle, rootfs: str, report: HostReport) -> Plan:
        """Pure. UnsupportedConfiguration for what this backend or this host cannot do, naming the JSON path."""
        raise NotImplementedError

    def create(self, plan: Plan, stdio: Stdio, cgroup: Cgroup | None = None) -> Process:
        """Makes the container up to, and not including, its program: everything is in force and the process waits.

        Raises StepFailed with nothing left behind. The caller is the process's parent and reaps it.
        """
        raise NotImplementedError

    def start(self, process: Process) -> None:
        """Lets a created process execute its program. ProgramNotFound, ProgramNotExecutable, StepFailed."""
        raise NotImplementedError

    def enter(
        self, bundle: Bundle, target: int, process: dict[str, Any], stdio: Stdio, cgroup: Cgroup | None = None
    ) -> Process:
        """Starts another process (an OCI `process` object) in the running container whose first process is `target`.

        Returns once the program has been executed; the caller reaps it.
        """
        raise NotImplementedError

    def resides(self, report: HostReport) -> bool:
        """Pure: whether `plan` takes a `door`, the path of a socket at which a process in the container lets programs
        in; where there is one, `enter` is given it."""
        return False

    def signal(self, process: Process, number: int) -> None:
        """Sends a signal to exactly that process, never to one that inherited its pid. ProcessLookupError if gone."""
        raise NotImplementedError

    def outcome(self, process: Process, status: int) -> int:
        """The process's wait status, from that of its keeper."""
        return status

    def trace(self, process: Process) -> dict[str, Any]:
        """Of a created process, for the container's state: all by which `clear` finds others that outlive it. Empty
        where namespaces or cgroups see to that."""
        return {}

    def clear(self, trace: dict[str, Any], place: str = "") -> None:
        """Ends what is left of a container's processes, and unmounts what it mounted on the host, at `place` and below;
        also for a container whose parent was killed. Nothing left is success."""


# ------------------------------------------------------------------------------------------------------ cgroups


class Cgroup:
    """One container's cgroups, in whatever hierarchies the manager uses.

    `paths` maps a hierarchy ("memory", "cpu,cpuacct", "unified") to its folder, and is what records store.
    """

    __slots__ = ("paths",)

    def __init__(self, paths: dict[str, str]) -> None:
        self.paths = paths

    def joining(self, cloned: bool = False) -> list[str]:
        """The files to which a process writes "0" to put *itself* in. v1's are quick; v2's sleeps for an RCU grace
        period, so a process that was cloned into `into()` leaves it out (`cloned`)."""
        raise NotImplementedError

    @property
    def keeper(self) -> bool:
        """Whether somebody else moves processes in: the parent calls `add` for a new one, which cannot join itself."""
        return False

    def into(self) -> str:
        """The v2 folder that CLONE_INTO_CGROUP takes (Linux 5.7), or empty."""
        raise NotImplementedError

    def add(self, pid: int) -> None:
        raise NotImplementedError

    def update(self, resources: Resources) -> None:
        """Sets limits. A limit that cannot be set is an error that names it (CgroupError), never dropped."""
        raise NotImplementedError

    def freeze(self) -> None:
        raise NotImplementedError

    def thaw(self) -> None:
        raise NotImplementedError

    def frozen(self) -> bool:
        raise NotImplementedError

    def kill(self) -> None:
        """Sends SIGKILL to every member, below too, until none is left."""
        raise NotImplementedError

    def members(self) -> list[int]:
        raise NotImplementedError

    def statistics(self) -> dict[str, Any]:
        """Counters by controller: {"memory": {"usage": bytes, "limit": bytes, "peak": ...}, "cpu": {"usage": ns, ...},
        "pids": {"current": n, "limit": n}, "io": {...}, "oom": {"kills": n}}; what is not counted here is absent."""
        raise NotImplementedError

    def oom_kills(self) -> int | None:
        """How many processes were killed for want of memory: one read. None where the kernel does not count them."""
        raise NotImplementedError

    def remove(self) -> None:
        """Removes the folders, below first; waits for members that are exiting. Nothing there is success."""
        raise NotImplementedError


class CgroupManager(Backend):
    family = "cgroups"

    def create(self, path: str, resources: Resources) -> Cgroup:
        """Makes the cgroup `path` (relative to the hierarchies' roots, "/runtime/ID") with its limits in force."""
        raise NotImplementedError

    def open(self, paths: dict[str, str]) -> Cgroup:
        """The handle of a cgroup made earlier, perhaps by another process."""
        raise NotImplementedError

    def find(self, pid: int) -> Cgroup:
        """The cgroup that somebody else has made for that process. CgroupError where it is in none of its own."""
        raise NotImplementedError

    def check(self, resources: Resources, report: HostReport) -> list[str]:
        """Pure: every limit asked for that this host cannot apply, one sentence each with who blocks it."""
        raise NotImplementedError


# ------------------------------------------------------------------------------------------------------ storage


class StorageBackend(Backend):
    """Keeps layers and makes root filesystems of them. One folder below the program's data folder each; a layer's name
    is any string of [0-9a-f]{64} (an image layer's chain id, a container's id)."""

    family = "storage"
    folder = ""

    def create(self, layer: str, parent: str | None) -> None:
        """A new writable layer on `parent`. LayerExists, UnknownLayer."""
        raise NotImplementedError

    def cost(self, parent: str) -> int:
        """Bytes that `create` writes for a layer on this one, about; 0 where it begins at once. UnknownLayer."""
        return 0

    def apply(self, layer: str, parent: str | None, archive: BinaryIO) -> int:
        """A new, complete, read-only layer from an uncompressed OCI layer archive; its size in bytes.

        All or nothing, also when killed: a half-applied layer is never seen by `layers`. HostileLayer.
        """
        raise NotImplementedError

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        """Makes a layer's whole tree visible and returns where: `target`, or a folder that needs no mount. `owners`
        shifts who owns what into a container's user namespace (capability mount.idmap)."""
        raise NotImplementedError

    def unmount(self, layer: str, target: str) -> None:
        """Undoes `mount`; success if it is not mounted."""
        raise NotImplementedError

    def changes(self, layer: str) -> Iterator[tuple[str, str]]:
        """What a writable layer changed against its parent: ("A" | "C" | "D", "/path"), sorted, as `docker diff`."""
        raise NotImplementedError

    def peek(self, layer: str, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a regular file of a layer's tree, without mounting it; empty if there is none."""
        raise NotImplementedError

    def diff(self, layer: str, archive: BinaryIO, root: bool = False) -> None:
        """Writes those changes as an OCI layer archive, with whiteouts; reproducible, and the same whichever backend
        keeps the layer, be it writable or not. `root`: with what the root folder itself is like."""
        raise NotImplementedError

    def usage(self, layer: str) -> int:
        """Bytes that this layer alone holds."""
        raise NotImplementedError

    def remove(self, layer: str) -> None:
        """UnknownLayer; StorageError if another layer stands on it or it is mounted."""
        raise NotImplementedError

    def layers(self) -> dict[str, str | None]:
        """Every complete layer and its parent."""
        raise NotImplementedError

    def repair(self) -> list[str]:
        """Removes what a killed process left half-made; one sentence for each thing done."""
        raise NotImplementedError

    def release(self) -> None:
        """Lets go of what the kernel holds for this store beside its files, such as devices; the next call of any
        kind takes it up again. StorageError while a layer is mounted."""


# ------------------------------------------------------------------------------------------------------ network


class Lease:
    """What a container was given on the network: kept in its record, and all that `disconnect` needs."""

    __slots__ = ("data",)

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


class NetworkBackend(Backend):
    family = "network"

    def namespace(self) -> bool:
        """Whether the container gets a network namespace of its own."""
        raise NotImplementedError

    def connect(self, container: str, wish: dict[str, Any], pid: int) -> Lease:
        raise NotImplementedError

    def disconnect(self, lease: Lease) -> None:
        raise NotImplementedError


# ---------------------------------------------------------------------------------------------------- selection


class Verdict:
    """Selection's judgement of one backend: why it can or cannot be used here, and what it would promise."""

    __slots__ = ("backend", "guarantees", "reasons", "unlocked_by", "usable")

    def __init__(
        self,
        backend: str,
        usable: bool,
        reasons: tuple[str, ...],
        guarantees: frozenset[str],
        unlocked_by: tuple[str, ...] = (),
    ) -> None:
        self.backend = backend
        self.usable = usable
        self.reasons = reasons
        self.guarantees = guarantees
        self.unlocked_by = unlocked_by  # the remedies that would make it usable


class Selection:
    """The chosen backend of a family, and for every other one why not."""

    __slots__ = ("because", "chosen", "family", "given_up", "verdicts")

    def __init__(
        self, family: str, chosen: str, because: str, verdicts: tuple[Verdict, ...], given_up: tuple[str, ...] = ()
    ) -> None:
        self.family = family
        self.chosen = chosen
        self.because = because
        self.verdicts = verdicts
        self.given_up = given_up  # preferred guarantees that this host cannot give, each with its reason
