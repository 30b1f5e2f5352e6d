"""From a bundle to a container that waits to be started: what `create` and `run` share. On the launch path."""

from __future__ import annotations

import _socket
import os

from backends.cgroups.delegation import delegate
from backends.errors import BackendError
from backends.execution.channel import listen
from backends.execution.namespaces.backend import owns_mounts
from backends.execution.namespaces.parent import start_time
from backends.execution.steps.restriction import Filter
from runtime.errors import Problem
from runtime.oci import console
from runtime.oci.bundle import Bundle
from runtime.oci.container import Container, now
from runtime.oci.descriptors import preserved
from runtime.oci.errors import Refused, start_words, words
from runtime.oci.host import Host
from runtime.oci.options import NUMBER, TEXT, Option
from runtime.oci.placement import Placement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup, Process
    from runtime.oci.settings import Settings

OPTIONS = (
    Option("bundle", "folder of the bundle (default: the present one)", TEXT, "b"),
    Option("config", "file to take instead of the bundle's config.json", TEXT, "f"),
    Option("console-socket", "socket that is sent the master of the container's terminal", TEXT),
    Option("pidfd-socket", "socket that is sent a pidfd of the container's process", TEXT),
    Option("pid-file", "file that the process id is written to", TEXT),
    Option("no-pivot", "do not use pivot_root: the root is on an initramfs"),
    Option("no-new-keyring", "keep the caller's session keyring"),
    Option("preserve-fds", "pass that many descriptors more, from 3 on", NUMBER, value=0),
)


class Creation:
    """`foreground`: this process stays, and moves the terminal's bytes itself."""

    def __init__(self, settings: Settings, identifier: str, said: dict[str, Any], foreground: bool = False) -> None:
        self.container = Container(settings.root, identifier)
        self.bundle = Bundle(said["bundle"], said["config"])
        self.cgroup: Cgroup | None = None
        self.process: Process | None = None
        self._trace: dict[str, Any] = {}
        self.host = Host()
        self._settings = settings
        self._said = said
        self._config = self.bundle.adapt(settings.journal)
        self._oci_process: dict[str, Any] = self._config.get("process") or {}
        console.check(self._oci_process, said["console-socket"], foreground)
        self._stdio = console.stdio(foreground)

    def create(self, gated: bool) -> None:
        """Refused, with nothing left behind. `gated`: `leave` will be called."""
        self.container.make()
        try:
            self._create(gated)
        except BaseException as error:
            self._undo()
            if isinstance(error, (BackendError, OSError)):
                raise Refused(start_words(error, self._oci_process)) from error
            raise

    def _create(self, gated: bool) -> None:
        settings = self._settings
        placement = Placement(
            settings.cgroups, settings.rootless, self._config, self.container.identifier, settings.journal
        )
        plan = self.host.backend.plan(
            self._config,
            self.bundle.rootfs,
            self.host.report,
            seccomp=self.host.filter(self._config),
            preserved=preserved(self._said["preserve-fds"], self._oci_process, self._settings.journal),
            container=self.container.identifier,
            folder=self.bundle.folder,
            pivot=not self._said["no-pivot"],
            keyring=not self._said["no-new-keyring"],
            place=self._place(),
            door=self.container.door if self.host.backend.resides(self.host.report) else "",
        )
        journal = settings.journal
        journal.debug(f"nsexec container setup: {plan.steps[0].describe()}")
        for step in plan.steps[1:] if journal.debugging else ():
            journal.debug(f"child process in init(): {step.place}: {step.describe()}")
            if isinstance(step, Filter):
                journal.debug(f"seccomp filter flags: {step.flags}")
        self.container.keep_config(self.bundle.content)
        self.cgroup = placement.create(self.host.report)
        self._record(placement.name, os.getpid(), start_time(os.getpid()), creating=True)
        gate = self._gate() if gated else None
        try:
            self.process = self.host.backend.create(plan, self._stdio, self.cgroup, gate.fileno() if gate else -1)
        finally:
            if gate is not None:
                gate.close()
        journal.debug("init: closing the pipe to signal completion: everything is in force, the program waits")
        if not self.cgroup.joining():
            self.cgroup.add(self.process.pid)
            self._trace = self.host.backend.trace(self.process)
        delegate(self.cgroup, self._config)
        self._record(placement.name, self.process.pid, self.process.start_time)
        if self._said["console-socket"]:
            console.hand_over(self._said["console-socket"], self.process.console)
        if self._said["pidfd-socket"]:
            console.hand_over_pidfd(self._said["pidfd-socket"], self.process.pid)
        if self._said["pid-file"]:
            from runtime.oci.pidfile import write_pid

            write_pid(self._said["pid-file"], self.process.pid)

    def _place(self) -> str:
        if owns_mounts(self._config):
            return ""
        self._settings.journal.warning(
            "config.json: linux.namespaces: without a mount namespace, the container's mounts are seen outside, and "
            "its root can be left with CAP_SYS_CHROOT"
        )
        os.mkdir(self.container.place, 0o700)
        return self.container.place

    def _gate(self) -> _socket.socket:
        folder = os.open(self.container.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return listen(f"/proc/self/fd/{folder}/gate")
        finally:
            os.close(folder)

    def _record(self, manager: str, pid: int, started: int, creating: bool = False) -> None:
        """Twice: what a creator that is killed leaves can then be found, and hooks can ask for the state."""
        assert self.cgroup is not None
        namespaces = (self._config.get("linux") or {}).get("namespaces") or ()
        self.container.save(
            {
                "oci_version": self._config.get("ociVersion", ""),
                "creating": creating,
                "pid": pid,
                "start_time": started,
                "bundle": self.bundle.folder,
                "rootfs": self.bundle.rootfs,
                "created": now(),
                "annotations": self._config.get("annotations") or {},
                "manager": manager,
                "execution": self.host.backend.name,
                "trace": self._trace,
                "cgroups": self.cgroup.paths,
                "pid_namespace": any(entry["type"] == "pid" and not entry.get("path") for entry in namespaces),
                "hooks": bool(self._config.get("hooks")),
                "intel_rdt": (self._config.get("linux") or {}).get("intelRdt"),
            }
        )

    def leave(self) -> None:
        assert self.process is not None
        self.host.backend.leave(self.process)

    def start(self) -> None:
        """In the process that created it. Refused, with nothing left behind."""
        assert self.process is not None
        try:
            self.host.backend.start(self.process)
        except BaseException as error:
            self._undo()
            if isinstance(error, (BackendError, OSError)):
                raise Refused(start_words(error, self._oci_process)) from error
            raise

    def _undo(self) -> None:
        """What cannot be undone is told beside what went wrong first."""
        for action in (self._end, self.container.remove):
            try:
                action()
            except (BackendError, Problem, OSError) as error:
                self._settings.journal.warning(f"cannot clean up: {words(error)}")

    def _end(self) -> None:
        if self.process is not None:
            self.process.gate.abort()
        shares = (self._config.get("linux") or {}).get("intelRdt")
        if shares is not None:
            from backends.cgroups.resctrl import forget

            forget(shares, self.container.identifier)
        if self.cgroup is not None:
            self.cgroup.kill()
            self.cgroup.remove()
