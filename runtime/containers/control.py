"""What is done to a running container: all of it through its monitor, or through its cgroup."""

from __future__ import annotations

import _signal as signal  # without the enumerations, which cost 5 ms
import time

from backends.contract import Cgroup
from backends.errors import BackendError
from runtime.containers import state, status
from runtime.containers.connection import Connection, MonitorLost, connect
from runtime.containers.groups import reopen
from runtime.containers.record import Record
from runtime.containers.status import Status
from runtime.errors import InvalidInput, Problem, WrongState
from runtime.paths import Paths
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_PATIENCE = 10.0  # seconds for a monitor that begins to listen, or one that leaves to be gone
_INTERVAL = 0.005


class Target(Value):
    """A container as found: its record and how it is doing."""

    paths: Paths
    record: Record
    status: Status

    @property
    def identifier(self) -> str:
        return str(self.record["id"])

    @property
    def label(self) -> str:
        return str(self.record.get("name") or self.identifier[:12])

    def need_running(self) -> None:
        """WrongState unless its program runs; paused counts."""
        if not self.status.running:
            raise WrongState(
                f"container {self.label} is {self.status.name}, not running", f"`runtime start {self.label}`"
            )


def signal_number(text: str) -> int:
    """A signal by number or by name, with or without SIG. InvalidInput."""
    name = text.upper()
    if name.isdigit() and 0 < int(name) <= signal.SIGRTMAX:
        return int(name)
    base, _, offset = name.partition("+")
    found = getattr(signal, base if base.startswith("SIG") else "SIG" + base, None)
    if isinstance(found, int) and not base.startswith("SIG_") and (not offset or offset.isdigit()):
        return int(found) + int(offset or 0)
    raise InvalidInput(f"no signal is called {text!r}", "give a number, or a name such as TERM, HUP or RTMIN+3")


def cgroup(target: Target) -> Cgroup:
    return reopen(target.status.live)


def stop(target: Target, number: int, timeout: float) -> dict[str, Any]:
    """Asks the program to end, and ends it after `timeout` seconds (never if negative). The exit record; at once if it
    does not run."""
    if not target.status.busy:
        return target.status.exit
    if target.status.name == status.PAUSED:
        unpause(target)
    return _ending(target, {"op": "stop", "signal": number, "timeout": timeout})


def _ending(target: Target, request: dict[str, Any]) -> dict[str, Any]:
    """The exit event after a request, or the exit record of a monitor that was just leaving and heard no more.
    MonitorLost if it left nothing."""
    try:
        connection = _reached(target)
    except WrongState as error:
        return _left_behind(target, error)
    try:
        connection.ask(request)
        return connection.ended()
    except MonitorLost as error:
        return _left_behind(target, error)
    finally:
        connection.close()


def _reached(target: Target) -> Connection:
    """The monitor, also one that has just begun and does not listen yet. WrongState if there is none."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return connect(target.paths, target.identifier)
        except WrongState:
            if _is_free(target) or time.monotonic() > deadline:
                raise
        time.sleep(_INTERVAL)


def _left_behind(target: Target, error: Problem) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while not _is_free(target):  # its monitor lets go of it last
        if time.monotonic() > deadline:
            raise error  # somebody has started it again
        time.sleep(_INTERVAL)
    seen = status.observe(target.paths, target.record)
    if seen.name != status.EXITED:
        raise error
    return seen.exit


def _is_free(target: Target) -> bool:
    """Whether nobody is at work on the container."""
    lock = state.lock(target.paths, target.identifier)
    try:
        return lock.acquire(shared=True, wait=False)
    finally:
        lock.release()


def kill(target: Target, number: int) -> None:
    """Sends a signal. SIGKILL and the stop signal also mean that it shall not be restarted, as docker does."""
    target.need_running()
    final = number in (signal.SIGKILL, int(target.record["stop"]["signal"]))
    if final and target.status.name == status.PAUSED:
        unpause(target)
    connection = connect(target.paths, target.identifier)
    try:
        connection.ask({"op": "kill", "signal": number, "final": final})
    except MonitorLost:
        raise WrongState(f"container {target.label} has just ended") from None
    finally:
        connection.close()


def restart(target: Target, number: int, timeout: float) -> None:
    """Ends a running container's program and starts it again, with the same monitor."""
    if target.status.name == status.PAUSED:
        unpause(target)
    connection = connect(target.paths, target.identifier)
    try:
        connection.ask({"op": "restart", "signal": number, "timeout": timeout})
        connection.started()
    finally:
        connection.close()


def wait(target: Target) -> int:
    """The exit code, once it has ended for good."""
    if not target.status.busy:
        return int(target.status.exit.get("code", 0))
    return int(_ending(target, {"op": "wait"})["code"])


def pause(target: Target) -> None:
    if target.status.name == status.PAUSED:
        raise WrongState(f"container {target.label} is paused already", f"`runtime unpause {target.label}`")
    target.need_running()
    _frozen(target, True)


def unpause(target: Target) -> None:
    if target.status.name != status.PAUSED:
        raise WrongState(f"container {target.label} is {target.status.name}, not paused")
    _frozen(target, False)


def _frozen(target: Target, wanted: bool) -> None:
    group = cgroup(target)
    try:
        group.freeze() if wanted else group.thaw()
    except BackendError as error:
        raise Problem(f"cannot {'pause' if wanted else 'unpause'} {target.label}: {error}", error.hint) from error


def limit(target: Target, resources: dict[str, Any]) -> None:
    """Changes the limits of a running container at once."""
    try:
        cgroup(target).update(resources)
    except BackendError as error:
        raise Problem(f"cannot change the limits of {target.label}: {error}", error.hint) from error


def change_policy(target: Target, policy: dict[str, Any]) -> None:
    connection = connect(target.paths, target.identifier)
    try:
        connection.ask({"op": "policy", "restart": policy})
    finally:
        connection.close()
