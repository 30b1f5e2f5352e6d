"""Execution by proot(1), which rewrites the system calls of the programs that it follows: a root of their own for who
has neither privileges nor user namespaces, and nothing more. On the launch path."""

from __future__ import annotations

import os

from arch import native, waiting
from backends.contract import ExecutionBackend, Plan, Process
from backends.errors import StepFailed
from backends.execution.configuration import refuse, section
from backends.execution.namespaces.parent import start_time
from backends.execution.proot import keeper, tracees
from backends.execution.proot.commandline import binds, identity, placing, refused
from backends.execution.proot.finding import locate
from backends.execution.proot.strangers import FIRST, filter_for
from backends.execution.steps.limit import LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle, Cgroup, Stdio
    from probes.report import HostReport

# Where the waiting program is seen inside.
_INSIDE = "/.runtime-waiting"
_FILE = "waiting"
ACCELERATION = "execution/proot/acceleration"  # of the report's health: empty, or what broke with it


class ProotBackend(ExecutionBackend):
    name = "proot"
    sheltered = False

    def plan(
        self, bundle: Bundle, rootfs: str, report: HostReport, *arguments: Any, place: str = "", **options: Any
    ) -> Plan:
        """`place`: a folder of the caller's, for files of ours that live as long as the container."""
        refused(bundle)
        process = section(bundle, "process", "process")
        if options.get("init"):
            raise refuse(
                "process", "execution by proot: there is no process 1 that could be an init", "leave out --init"
            )
        architecture = str(report.machine["architecture"])
        if not waiting.program(architecture):
            raise refuse("process", f"execution by proot: it is not known how to wait for programs of {architecture}")
        words = placing(bundle, rootfs)
        settings = {
            "program": str(report["program.proot"].value or "proot"),
            "words": words,
            "place": place or rootfs,
            "architecture": architecture,
            "accelerated": not report.health.get(ACCELERATION),
            "strangers": _strangers(report, architecture),
            "process": process,
            "rootfs": rootfs,
            "bound": binds(bundle),
        }
        step = _Told(f"run proot {' '.join(words)}")
        return Plan(self.name, bundle, [step], settings)

    def create(self, plan: Plan, stdio: Stdio, cgroup: Cgroup | None = None) -> Process:
        settings = plan.settings
        process = settings["process"]
        path = locate(settings["rootfs"], settings["bound"], process)
        file = _waiting(settings["place"], settings["architecture"])
        words = [*settings["words"], "-b", f"{file}:{_INSIDE}"]
        order = _order(settings["program"], words, process, path)
        _tell(order, settings["place"], settings["accelerated"], settings["strangers"])
        return _begin(order, process, stdio)

    def start(self, process: Process) -> None:
        gate, answers = process.gate
        os.write(gate, b"\0")
        os.close(gate)
        with open(answers, "rb") as said:
            pid = int(said.readline() or b"-1")
        if pid < 0:
            raise StepFailed("start proot", "cannot start proot: it ended before the program was there", 0)
        if pid:
            try:
                process.start_time = start_time(pid)
                process.pid = pid
            except ProcessLookupError:
                return  # it has ended, and its keeper is about to say how

    def enter(
        self,
        bundle: Bundle,
        target: int,
        process: dict[str, Any],
        stdio: Stdio,
        cgroup: Cgroup | None = None,
        report: HostReport | None = None,
        **options: Any,
    ) -> Process:
        """By a proot of its own, told the same as that of `target`."""
        words = _tracers(target)
        rootfs = words[words.index("-r") + 1]
        path = locate(rootfs, binds(bundle), process)
        order = _order(words[0], words[1:], process, path)
        place = os.path.dirname(words[-1].partition(":")[0])
        machine = str(report.machine["architecture"]) if report is not None else native.machine()
        strangers = _strangers(report, machine) if report is not None else filter_for(machine)
        _tell(order, place, report is None or not report.health.get(ACCELERATION), strangers)
        begun = _begin(order, process, stdio)
        kept = begun.pid
        self.start(begun)
        return Process(kept, start_time(kept), begun.console)

    def signal(self, process: Process, number: int) -> None:
        from backends.execution.namespaces.signals import send

        send(process.pid, process.start_time, number)

    def clear(self, trace: dict[str, Any], place: str = "") -> None:
        """Processes are its keeper's to end, also when whoever began that is killed."""
        if place:
            try:
                os.unlink(f"{place}/{_FILE}")
            except FileNotFoundError:
                return


class _Told:
    """The one step of such a plan."""

    __slots__ = ("_said",)
    place = "parent"

    def __init__(self, said: str) -> None:
        self._said = said

    def describe(self) -> str:
        return self._said


def _waiting(place: str, architecture: str) -> str:
    path = f"{place}/{_FILE}"
    with open(path, "wb") as file:
        file.write(waiting.program(architecture))
    os.chmod(path, 0o755)
    return path


def _order(program: str, words: list[str], process: dict[str, Any], path: str) -> keeper.Order:
    environment = dict(line.partition("=")[::2] for line in process.get("env") or ())
    arguments = [*identity(process), _INSIDE, path, *map(str, process["args"])]
    order = keeper.Order(program, words, arguments, environment)
    for limit in process.get("rlimits") or ():
        order.limits.append((LIMITS[limit["type"]], int(limit["soft"]), int(limit["hard"])))
    return order


def _begin(order: keeper.Order, process: dict[str, Any], stdio: Stdio) -> Process:
    console = -1
    if process.get("terminal"):
        console, order.terminal = _terminal(process, stdio)
    gate, opener = os.pipe2(os.O_CLOEXEC)
    answers, tell = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        os.close(answers)
        keeper.keep(order, stdio, gate, tell)
    for descriptor in (gate, tell, *((order.terminal,) if order.terminal >= 0 else ())):
        os.close(descriptor)
    return Process(pid, start_time(pid), console, (opener, answers))


def _terminal(process: dict[str, Any], stdio: Stdio) -> tuple[int, int]:
    """(master, slave) of the host's."""
    from backends.execution.steps.terminal import leave_line_ends

    master, slave = os.openpty()
    size = process.get("consoleSize") or {}
    if size:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size["height"], size["width"], 0, 0))
    if stdio.plain:
        leave_line_ends(slave)
    return master, slave


def _tell(order: keeper.Order, place: str, accelerated: bool, strangers: bytes) -> None:
    order.environment["PROOT_TMP_DIR"] = place
    if not accelerated:
        order.environment["PROOT_NO_SECCOMP"] = "1"
    order.strangers = strangers


def _strangers(report: HostReport, architecture: str) -> bytes:
    if report.has("seccomp.filter"):
        return filter_for(architecture)
    numbers = str(report.kernel.get("release", "")).partition("-")[0].split(".")[:2]
    if all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) < FIRST:
        return b""  # nor are there such calls
    raise refuse(
        "process",
        "execution by proot: calls that it does not know would reach the host's files, and they cannot be filtered: "
        + report["seccomp.filter"].reason,
    )


def _tracers(target: int) -> list[str]:
    """The command line of the proot that follows a process, up to what is the container's own. StepFailed."""
    step = "enter the container"
    tracer = tracees.tracer(target)
    if not tracer:
        raise StepFailed(step, "the container's first process has ended: nothing can start in it")
    with open(f"/proc/{tracer}/cmdline", encoding="utf-8", errors="surrogateescape") as file:
        words = file.read().split("\0")
    last = max(number for number, word in enumerate(words) if word.endswith(f":{_INSIDE}"))
    return words[: last + 1]
