"""Starting a container's monitor: a bare interpreter of its own, in a session of its own."""

from __future__ import annotations

import _socket
import os
import sys
import time

from runtime.containers import state
from runtime.containers.connection import Connection
from runtime.errors import Problem, UnknownContainer, WrongState, explain
from runtime.monitor import orders
from runtime.monitor.protocol import message
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.records import Lock

_PROGRAM = (
    "import os, sys; sys.path[:0] = sys.argv.pop(1).split(':'); "
    # Nothing is left to be taken down that the kernel does not take down quicker.
    "from runtime.monitor.main import main; main(sys.argv[1:]); os._exit(0)"
)
_PATIENCE = 2.0  # seconds for somebody who only looks at the lock to let go of it


def _search_path() -> str:
    """Where our packages and cffi's one module lie; without `site` the interpreter does not know."""
    import _cffi_backend

    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return f"{here}:{os.path.dirname(os.path.abspath(_cffi_backend.__file__))}"


def claim(paths: Paths, identifier: str) -> Lock:
    """The lock that makes its holder the container's only monitor. WrongState if there is one."""
    lock = state.lock(paths, identifier)
    deadline = time.monotonic() + _PATIENCE
    while not lock.acquire(wait=False):
        if time.monotonic() > deadline or state.read(paths, identifier) is not None:
            raise WrongState(f"container {identifier[:12]} is already running")
        time.sleep(0.005)
    return lock


class Waiting:
    """A monitor that was started before it is known for which container: it imports its modules meanwhile, which takes
    as long as making a container. It ends when this end of its socket is closed."""

    def __init__(self) -> None:
        self._socket: _socket.socket | None
        self._socket, theirs = _socket.socketpair()
        try:
            self.pid = _spawn(theirs.fileno())
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()

    def expect(self, backends: dict[str, str]) -> None:
        """Names the backends, by family, that it is going to need."""
        assert self._socket is not None
        try:
            orders.send(self._socket, {"load": backends})
        except (BrokenPipeError, ConnectionResetError):
            return  # `take` says it

    def take(self, paths: Paths, identifier: str, report: str, lock: Lock, attach: dict[str, Any]) -> Connection:
        """Gives it its container, and the lock of that with it; the connection to it, which is now the caller's."""
        assert self._socket is not None
        order = {"root": paths.root, "state": paths.state, "id": identifier, "report": report}
        request = message({"op": "attach", **attach}) if attach else b""
        try:
            orders.send(self._socket, order, lock.descriptor, request)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Problem("the container's monitor ended before it began") from error
        connection, self._socket = Connection(self._socket), None
        return connection

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *failure: object) -> None:
        if self._socket is not None:
            self._socket.close()


def start(
    paths: Paths, identifier: str, report: str, attach: dict[str, Any], monitor: Waiting | None = None
) -> Connection:
    """Has a monitor, the one that waits or a new one, make and start the container; `report` is the path of the host's
    report.

    `attach` is the attach request to make before the program starts, so that no output is missed, or empty. Returns
    the connection after the start event. Problem with the reason if the container could not be started.
    """
    lock = claim(paths, identifier)
    try:
        if not os.path.exists(paths.record(identifier)):  # somebody was quicker
            os.unlink(lock.path)
            raise UnknownContainer(f"container {identifier[:12]} has just been removed")
        os.makedirs(paths.run(identifier), 0o711, exist_ok=True)
        with monitor or Waiting() as waiting:
            connection = waiting.take(paths, identifier, report, lock, attach)
    finally:
        lock.release()  # the monitor holds the same open file, and with it the lock
    try:
        connection.started()
    except BaseException:
        connection.close()
        raise
    if not attach:
        connection.close()
    return connection


def _spawn(client: int) -> int:
    executable = getattr(sys, "_base_executable", "") or sys.executable
    command = [executable, "-I", "-S", "-E", "-c", _PROGRAM, _search_path(), str(client)]
    os.set_inheritable(client, True)
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0)
    actions = [null, (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    try:
        return os.posix_spawn(
            executable, command, {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, file_actions=actions, setsid=True
        )
    except NotImplementedError:  # a libc without POSIX_SPAWN_SETSID
        return _fork(executable, command)
    except OSError as error:
        raise explain(error, f"start the container's monitor with {executable}") from error


def _fork(executable: str, command: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.execve(executable, command, {"PATH": os.defpath})
    finally:
        os._exit(125)
