"""Execution by the lxc tools: config.json becomes an lxc configuration, and lxc-start does it. On the launch path.

lxc-start stays in the foreground, as the child of the container's parent, and is the parent of its first process: it is
what the caller reaps (`Process.keeper`), and how the program ended is in its log. In its hook it waits until the
container is started; meanwhile a process of ours does what lxc has no words for.

Other programs enter by setns(2), as with namespaces, and not by lxc-attach: that knows neither working folder, umask,
limits nor sets of capabilities, and keeps signals to itself.
"""

from __future__ import annotations

import os
import time

from backends.contract import Plan, Process
from backends.errors import StepFailed
from backends.execution.configuration import refuse
from backends.execution.lxc import gate, journal, tools
from backends.execution.namespaces.backend import NamespacesBackend
from backends.execution.namespaces.entrance import EntryBirth
from backends.execution.namespaces.parent import begin, reap, start_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle, Cgroup, Stdio
    from backends.execution.lxc.configuration import Configuration
    from probes.report import HostReport

PATIENCE = 60.0  # seconds for lxc to set up a container; it waits for nobody but the kernel
_BEGINNING = 10.0  # seconds for lxc to execute the program, once told
_SETTINGS = 1.0  # for lxc to set up its terminal
_PAUSE = 0.002
_SIGKILL = 9


class LxcBackend(NamespacesBackend):
    name = "lxc"
    duties = ("cgroups",)

    def plan(
        self,
        bundle: Bundle,
        rootfs: str,
        report: HostReport,
        seccomp: bytes | None = None,
        init: bool = False,
        die_with_parent: bool = False,
        preserved: int = 0,
        container: str = "",
        folder: str = "",
        pivot: bool = True,
        keyring: bool = True,
        place: str = "",
        door: str = "",
    ) -> Plan:
        """`place`: an empty folder of the caller's, which it removes at the end. `seccomp` is not for lxc, which
        compiles a policy of its own; how the root is entered, and the keyring, are its affair."""
        from backends.execution.lxc.configuration import configuration
        from backends.execution.lxc.dialect import dialect

        if init:
            raise refuse("process", "under lxc-start the program is the first process: there is none of ours before it")
        if preserved:
            raise refuse("process", "lxc-start hands on no descriptors but three", "execution by namespaces does it")
        found = configuration(bundle, rootfs, report, dialect(report["lxc.tools"].value), container, place)
        steps = [_Tool(f"lxc-start -n {container}"), *found.steps]
        settings = {"found": found, "container": container, "place": place, "die": die_with_parent}
        return Plan(self.name, bundle, steps, settings)

    def create(self, plan: Plan, stdio: Stdio, cgroup: Cgroup | None = None, waiting: int = -1) -> Process:
        settings, found = plan.settings, plan.settings["found"]
        folder: str = settings["place"]
        _write(folder, settings["container"], found)
        labour = Labour(settings["container"], folder)
        try:
            labour.create(plan, stdio, bool(settings["die"]))
            process = Process(labour.pid, start_time(labour.pid), labour.console, labour)
        except BaseException:
            labour.abort()
            raise
        process.keeper = labour.keeper
        return process

    def start(self, process: Process) -> None:
        process.gate.go()

    def outcome(self, process: Process, status: int) -> int:
        labour: Labour = process.gate
        told = journal.ending(labour.journal(), process.pid)
        return status if told is None else told

    def trace(self, process: Process) -> dict[str, Any]:
        labour: Labour = process.gate
        keeper = [process.keeper, start_time(process.keeper)]
        return {"container": labour.container, "folder": labour.folder, "keeper": keeper}

    def clear(self, trace: dict[str, Any], place: str = "") -> None:
        """lxc-start ends with the container, and takes its own cgroups along, unless it was killed itself."""
        if not trace:
            return
        gate.release(trace["folder"])
        pid, started = trace["keeper"]
        if _lives(pid, started):
            tools.stop(trace["container"], trace["folder"])
        from backends.execution.lxc.leftovers import remove

        remove(f"{trace['folder']}/{trace['container']}")


class Labour:
    """One start of lxc's. `keeper` is lxc-start, `pid` the container's first process."""

    __slots__ = ("_gate", "_lead", "console", "container", "folder", "keeper", "pid")

    def __init__(self, container: str, folder: str) -> None:
        self.container = container
        self.folder = folder
        self.console = self._lead = -1
        self.keeper = 0
        self.pid = 0
        self._gate = gate.Gate(folder)

    def create(self, plan: Plan, stdio: Stdio, die: bool) -> None:
        found: Configuration = plan.settings["found"]
        slave = pipe = -1
        process = plan.bundle["process"]
        if process.get("terminal"):
            size = process.get("consoleSize") or {}
            self.console, slave = tools.terminal(int(size.get("height", 0)), int(size.get("width", 0)))
            pipe, self._lead = os.pipe()
        try:
            self.keeper = tools.begin(
                self.container, self.folder, found.arguments, found.lead, stdio, (slave, pipe), die
            )
        finally:
            for descriptor in (slave, pipe):
                if descriptor >= 0:
                    os.close(descriptor)
        self.pid = self._gate.await_birth(self.keeper, PATIENCE)
        if not self.pid:
            raise self.failure("have lxc set up the container")
        self._finish(found, stdio)

    def _finish(self, found: Configuration, stdio: Stdio) -> None:
        """Until everything is done and the program is there; the process that did it is then not needed any more."""
        from backends.execution.lxc.configuration import ROOT
        from backends.execution.lxc.finishing import way_in

        root = "/" if found.inside else f"{self.folder}/{ROOT}"
        labour = begin([EntryBirth(self.pid, 0), *way_in(self.pid, root), *found.steps], stdio, None)
        try:
            labour.create()
        finally:
            labour.abort()

    def go(self) -> None:
        """Waits until lxc-start's child is no longer a copy of lxc-start, nor what leads to the program."""
        before = _program(self.pid)
        self._gate.open()
        if self._lead >= 0:
            self._await_change(before)
            tools.await_settings(self.console, _SETTINGS)
            tools.pass_on(self.console)
            before = _program(self.pid)
            os.close(self._lead)
            self._lead = -1
        ended = self._await_change(before)
        self._gate.close()
        if ended and journal.ending(self.journal(), self.pid) is None and journal.complaints(self.journal()):
            raise self.failure("have lxc execute the program")

    def _await_change(self, before: tuple[int, int]) -> bool:
        """Until the first process executes something else; whether lxc-start has ended first."""
        deadline = time.monotonic() + _BEGINNING
        while _program(self.pid) == before and time.monotonic() < deadline:
            if self._ended():
                return True
            time.sleep(_PAUSE)
        return self._ended()

    def _ended(self) -> bool:
        return os.waitid(os.P_PID, self.keeper, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def journal(self) -> str:
        return journal.read(f"{self.folder}/{tools.LOG}")

    def failure(self, what: str) -> StepFailed:
        said = journal.complaints(self.journal()) or "it does not say why"
        return StepFailed(what, f"cannot {what}: {said}", 0, f"lxc-start's log tells more: {self.folder}/{tools.LOG}")

    def abort(self) -> None:
        self._gate.close()
        if self.keeper:
            for pid in (self.pid, self.keeper):
                if pid:
                    _kill(pid)
            reap(self.keeper)
        for descriptor in (self.console, self._lead):
            if descriptor >= 0:
                os.close(descriptor)
        self.console = self._lead = -1
        from backends.execution.lxc.leftovers import remove

        remove(f"{self.folder}/{self.container}")


class _Tool:
    """For whoever reads the plan."""

    __slots__ = ("words",)
    place = "parent"

    def __init__(self, words: str) -> None:
        self.words = words

    def describe(self) -> str:
        return self.words


def _write(folder: str, container: str, found: Configuration) -> None:
    """With the configuration where all of lxc's tools look for it."""
    from backends.execution.lxc.configuration import HOOK, POLICY, ROOT

    os.makedirs(f"{folder}/{ROOT}", 0o755, exist_ok=True)
    os.makedirs(f"{folder}/{container}", 0o700, exist_ok=True)
    texts = {f"{container}/config": found.document.text(os.path.isdir), POLICY: found.policy, HOOK: gate.SCRIPT}
    for name, text in texts.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
    os.chmod(f"{folder}/{HOOK}", 0o700)


def _program(pid: int) -> tuple[int, int]:
    """(device, inode) of what a process executes; zeros once it has ended."""
    try:
        found = os.stat(f"/proc/{pid}/exe")
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _kill(pid: int) -> None:
    try:
        os.kill(pid, _SIGKILL)
    except ProcessLookupError:
        return


def _lives(pid: int, started: int) -> bool:
    try:
        return start_time(pid) == started
    except ProcessLookupError:
        return False
