"""One run of a container: everything made in order, undone in reverse. On the launch path."""

from __future__ import annotations

import errno
import os
import time
from _signal import SIGKILL

from arch import kernel
from arch.constants import CLONE_NEWNS, MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_SLAVE
from arch.parting import part_mounts
from backends import catalogue
from backends.cgroups import layout
from backends.security import filter_cache
from backends.storage.removal import remove_tree
from runtime import records
from runtime.containers import state
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from backends.contract import Cgroup, ExecutionBackend, Process, Stdio
    from backends.storage.shift import Owners
    from probes.report import HostReport
    from runtime.monitor.streams import Streams


class Run:
    """`record` is the container's; `report` the host's. `undo` never raises: what went wrong is in `leftovers`."""

    def __init__(self, paths: Paths, record: dict[str, Any], report: HostReport) -> None:
        self._paths = paths
        self._record = record
        self._id: str = record["id"]
        self._report = report
        self._backend: ExecutionBackend | None = None
        self._trace: dict[str, Any] = {}
        self._undo: list[tuple[str, Callable[[], None]]] = []
        self.leftovers: list[str] = []
        self.process: Process | None = None
        self.cgroup: Cgroup | None = None
        self.started = 0.0
        self.restarts = 0

    def begin(self, streams: Streams) -> None:
        """Everything up to and including the execution of the program. Raises what failed; then `undo` is due."""
        config = records.load(self._paths.bundle(self._id))
        rootfs = self._mount(config)
        self._share_memory()
        chosen = self._record["selections"]
        backend = self._backend = catalogue.load("execution", chosen["execution"]["chosen"])()
        if "cgroups" not in backend.duties:
            self.cgroup = self._limit(config)
        plan = backend.plan(config, rootfs, self._report, **self._options(config, backend))
        stdio = self._stdio(streams, config)
        try:
            self.process = backend.create(plan, stdio, self.cgroup)
        finally:
            streams.release(stdio)
        if self.cgroup is None:
            self.cgroup = self._find_limits(self.process)
        if not self.cgroup.joining():
            self.cgroup.add(self.process.pid)
        if backend.duties or not self.cgroup.joining():
            self._trace = backend.trace(self.process)
        self._undo.append(("end the processes", self._end))
        if self.process.console >= 0:
            streams.console(self.process.console)
        streams.start()
        self._remember()
        backend.start(self.process)
        self.started = time.time()
        self._remember()
        self._mark()

    def _options(self, config: dict[str, Any], backend: ExecutionBackend) -> dict[str, Any]:
        options: dict[str, Any] = {"init": bool(self._record.get("init")), "die_with_parent": True}
        if not backend.sheltered:
            place = options["place"] = self._paths.rootfs(self._id)
            options["contained"] = bool(self._record.get("contained", True))
            os.makedirs(place, 0o755, exist_ok=True)
            self._undo.append((f"unmount what is below {place}", lambda: backend.clear({}, place)))
        if backend.duties:
            options["container"] = self._id
            folder = options["place"] = f"{self._paths.run(self._id)}/{backend.name}"
            remove_tree(folder)
            os.makedirs(folder, 0o700)
            self._undo.append((f"remove {folder}", lambda: remove_tree(folder)))
        if backend.resides(self._report):
            door = options["door"] = self._paths.door(self._id)
            self._undo.append((f"remove {door}", lambda: remove_tree(door)))
        profile = config.get("linux", {}).get("seccomp")
        if profile:
            architecture = str(self._report.machine["architecture"])
            options["seccomp"] = filter_cache.load_or_compile(profile, architecture, self._paths.filters)
        return options

    def _mount(self, config: dict[str, Any]) -> str:
        storage = self._record["storage"]
        if "rootfs" in storage:
            return str(storage["rootfs"])
        backend = catalogue.load("storage", storage["backend"])(storage["folder"])
        target = self._paths.rootfs(self._id)
        os.makedirs(target, 0o755, exist_ok=True)
        layer = storage["layer"]
        self._undo.append((f"unmount {target}", lambda: backend.unmount(layer, target)))
        return str(backend.mount(layer, target, storage.get("label", ""), owners=_owners(config["linux"])))

    def _share_memory(self) -> None:
        """The /dev/shm of a container that others may join is a mount on the host, which they can bind."""
        size = self._record.get("shm")
        if size:
            target = self._paths.shared_memory(self._id)
            os.makedirs(target, 0o711, exist_ok=True)
            kernel.mount("shm", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode=1777,size={size}")
            self._undo.append((f"unmount {target}", lambda: kernel.umount(target, MNT_DETACH)))

    def _limit(self, config: dict[str, Any]) -> Cgroup:
        manager = catalogue.load("cgroups", self._record["selections"]["cgroups"]["chosen"])(layout.read())
        linux = config.get("linux", {})
        cgroup: Cgroup = manager.create(linux["cgroupsPath"], linux.get("resources") or {})
        self._undo.append(("remove the cgroup", cgroup.remove))
        return cgroup

    def _find_limits(self, process: Process) -> Cgroup:
        """Of a backend whose duty they are."""
        manager = catalogue.load("cgroups", self._record["selections"]["cgroups"]["chosen"])(layout.read())
        try:
            cgroup: Cgroup = manager.find(process.pid)
        except BaseException:
            assert self._backend is not None
            self._backend.signal(process, SIGKILL)
            raise
        self._undo.append(("remove the cgroup", cgroup.remove))
        return cgroup

    def _stdio(self, streams: Streams, config: dict[str, Any]) -> Stdio:
        return streams.pipes(bool(self._record.get("interactive")) and not config["process"].get("terminal"))

    def _remember(self) -> None:
        process = self.process
        assert process is not None
        assert self.cgroup is not None
        state.write(
            self._paths,
            self._id,
            {
                "pid": process.pid,
                "start_time": process.start_time,
                "monitor": os.getpid(),
                "cgroups": self._record["selections"]["cgroups"]["chosen"],
                "cgroup": self.cgroup.paths,
                "execution": self._record["selections"]["execution"]["chosen"],
                "trace": self._trace,
                "started": self.started,
                "restarts": self.restarts,
            },
        )

    def _mark(self) -> None:
        """For whoever comes after a reboot: this container was running."""
        os.close(os.open(self._paths.marker(self._id), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def signal(self, number: int) -> None:
        """ProcessLookupError is not an error: it has ended."""
        if self.process is not None:
            try:
                if self.process.keeper == self.process.pid:
                    # Our own unreaped child: its pid cannot have been given to another.
                    os.kill(self.process.pid, number)
                elif self._backend is not None:
                    self._backend.signal(self.process, number)
            except ProcessLookupError:
                return

    def outcome(self, status: int) -> int:
        """How the container's process ended, from how what we reaped of it did."""
        assert self._backend is not None
        assert self.process is not None
        return self._backend.outcome(self.process, status)

    def oom(self) -> bool:
        """Whether the kernel killed something here for want of memory."""
        if self.cgroup is None:
            return False
        try:
            return bool(self.cgroup.oom_kills())
        except OSError:
            return False

    def _end(self) -> None:
        """What outlives the first process goes with it, also where no PID namespace sees to that."""
        assert self.cgroup is not None
        assert self._backend is not None
        self.cgroup.kill()
        self._backend.clear(self._trace)

    def end_processes(self) -> None:
        self._take_back("end the processes")

    def _take_back(self, only: str) -> None:
        for entry in [entry for entry in self._undo if entry[0] == only]:
            self._undo.remove(entry)
            self._attempt(*entry)

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # the rest must be undone all the same
            self.leftovers.append(f"could not {what}: {error}")

    def undo(self) -> None:
        while self._undo:
            self._attempt(*self._undo.pop())


def _owners(linux: dict[str, Any]) -> Owners | None:
    """Whose files the image's are, for a container with a user namespace of its own."""
    if not linux.get("uidMappings"):
        return None
    from backends.storage.shift import Owners

    return Owners(linux["uidMappings"], linux["gidMappings"])


def seclude() -> None:
    """Gives the monitor a mount namespace of its own: a container's root is never mounted where the host sees it, and
    is gone with the last process that uses it, however that ends. Without the right to, mounts stay visible."""
    try:
        kernel.unshare(CLONE_NEWNS)
        part_mounts(MS_SLAVE)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EINVAL, errno.ENOSYS, errno.ENOSPC, errno.EUSERS):
            raise
