"""Starting a container's monitor: a bare interpreter of its own, in a session of its own."""

from __future__ import annotations

import _socket
import os
import sys
import time

from runtime.containers import state
from runtime.containers.connection import Connection
from runtime.errors import Problem, WrongState
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.records import Lock

_PROGRAM = (
    "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from runtime.monitor.main import main; main(sys.argv[1:])"
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


def start(paths: Paths, identifier: str, report: str, attach: dict[str, Any]) -> Connection:
    """Starts the monitor, which makes and starts the container; `report` is the path of the host's report.

    `attach` is the attach request to make before the program starts, so that no output is missed, or empty. Returns
    the connection after the start event. Problem with the reason if the container could not be started.
    """
    lock = claim(paths, identifier)
    ours, theirs = _socket.socketpair()
    try:
        os.makedirs(paths.run(identifier), 0o711, exist_ok=True)
        connection = Connection(ours)
        if attach:
            connection.send({"op": "attach", **attach})  # waits in the socket until the monitor looks
        _spawn([paths.root, paths.state, identifier, report, str(lock.descriptor), str(theirs.fileno())])
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        lock.release()  # the monitor holds the same open file, and with it the lock
    if not attach:
        try:
            connection.started()
        finally:
            connection.close()
    else:
        connection.started()
    return connection


def _spawn(arguments: list[str]) -> None:
    lock, client = int(arguments[-2]), int(arguments[-1])
    os.set_inheritable(lock, True)
    os.set_inheritable(client, True)
    executable = getattr(sys, "_base_executable", "") or sys.executable
    command = [executable, "-I", "-S", "-E", "-c", _PROGRAM, _search_path(), *arguments]
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0)
    actions = [null, (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    try:
        os.posix_spawn(
            executable, command, {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, file_actions=actions, setsid=True
        )
    except NotImplementedError:  # a libc without POSIX_SPAWN_SETSID
        _fork(executable, command)
    except OSError as error:
        raise Problem(f"cannot start the container's monitor: {error}") from error


def _fork(executable: str, command: list[str]) -> None:
    if os.fork():
        return
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.execve(executable, command, {"PATH": os.defpath})
    finally:
        os._exit(125)
