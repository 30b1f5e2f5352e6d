"""`exec`: another program in a running container. The caller is its parent; no monitor is involved."""

from __future__ import annotations

import _signal as signal
import os

from backends import catalogue
from backends.contract import Process, Stdio
from backends.errors import BackendError, ProgramNotExecutable, ProgramNotFound
from runtime import records
from runtime.bundle.entering import exec_process
from runtime.bundle.gathering import read_identities
from runtime.containers import status
from runtime.containers.control import Target, cgroup
from runtime.errors import CommandNotExecutable, CommandNotFound, Problem, WrongState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import ExecutionBackend
    from runtime.containers.request import ExecRequest


class Execution:
    """A program that was started in a container: `console` is its terminal's master, or -1."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid
        self.console = process.console

    def signal(self, number: int) -> None:
        try:
            os.kill(self.pid, number)  # our own child, not yet reaped: the pid is its own
        except ProcessLookupError:
            return

    def wait(self) -> int:
        """The exit code, 128 + n for a signal."""
        return _code(os.waitpid(self.pid, 0)[1])

    def poll(self) -> int | None:
        """The exit code, or None while it runs. To be asked until it answers."""
        pid, result = os.waitpid(self.pid, os.WNOHANG)
        return _code(result) if pid else None


def _code(result: int) -> int:
    return os.WEXITSTATUS(result) if os.WIFEXITED(result) else 128 + os.WTERMSIG(result)


def execute(target: Target, wish: ExecRequest, stdio: Stdio, report: Any) -> Execution:
    """Starts it on these descriptors (a terminal is made instead if the wish has `tty`). CommandNotFound,
    CommandNotExecutable, WrongState, Problem."""
    if target.status.name == status.PAUSED:
        raise WrongState(f"container {target.label} is paused", f"`runtime unpause {target.label}` first")
    target.need_running()
    bundle = records.load(target.paths.bundle(target.identifier))
    passwd = group = ""
    if wish.user:
        from runtime.containers.root import seen_at

        passwd, group = read_identities(seen_at(target))
    process = exec_process(wish, bundle, passwd, group)
    chosen = target.record["selections"]["execution"]["chosen"]
    backend: ExecutionBackend = catalogue.load("execution", chosen)()
    try:
        started = backend.enter(
            bundle, target.status.pid, process, stdio, cgroup(target), **_options(target, bundle, report)
        )
    except ProgramNotFound as error:
        raise CommandNotFound(str(error), error.hint) from error
    except ProgramNotExecutable as error:
        raise CommandNotExecutable(str(error), error.hint) from error
    except BackendError as error:
        raise Problem(f"cannot run a program in container {target.label}: {error}", error.hint) from error
    return Execution(started)


def _options(target: Target, bundle: dict[str, Any], report: Any) -> dict[str, Any]:
    options = {"report": report}
    door = target.paths.door(target.identifier)
    if os.path.lexists(door):
        options["door"] = door
    profile = bundle["linux"].get("seccomp")
    if not profile:
        return options
    from backends.security import filter_cache

    program = filter_cache.load_or_compile(profile, str(report.machine["architecture"]), target.paths.filters)
    return {**options, "seccomp": program}


def detach(execution: Execution) -> None:
    """Leaves it running: its end is nobody's business. It becomes a child of the system's reaper with us gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
