"""Into a running container through its resident: the caller's side. On kernels whose setns(2) does not lead there.

The program is the resident's child, so its status comes to the caller by a keeper: a child of the caller's that passes
on the signals that it gets, and ends as the program ends. For the caller the keeper is the process.
"""

from __future__ import annotations

import _signal
import _socket
import errno
import gc
import os
import select

from arch import kernel
from backends.errors import StepFailed
from backends.execution.channel import BORN, DONE
from backends.execution.namespaces.birth import Birth
from backends.execution.namespaces.parent import Labour, begin, executes
from backends.execution.namespaces.visitor import Wish, ask, visitor_steps
from backends.execution.steps.step import Context
from backends.execution.steps.stream import close_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from backends.contract import Bundle, Cgroup, Stdio
    from probes.report import HostReport

_PATIENCE = 30.0  # seconds
_SIGKILL = 9
_KEPT = frozenset((_signal.SIGKILL, _signal.SIGSTOP, _signal.SIGCHLD, 32, 33))  # two are the C library's
_GONE = (errno.ECONNREFUSED, errno.ENOENT, errno.EPIPE, errno.ECONNRESET)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def visit(
    door: str,
    bundle: Bundle,
    process: dict[str, Any],
    stdio: Stdio,
    cgroup: Cgroup | None,
    report: HostReport,
    seccomp: bytes | None,
    die_with_parent: bool,
    preserved: int,
    state: dict[str, Any] | None,
) -> Labour:
    """The program is executed when this returns. StepFailed."""
    wish = Wish(process, seccomp, preserved, state, stdio.plain)
    steps = [VisitBirth(door, wish, die_with_parent), *visitor_steps(wish, bundle, report)]
    labour = begin(steps, stdio, cgroup, kind=VisitLabour)
    labour.attend()
    labour.context.channel.close()
    return labour


class VisitBirth(Birth):
    __slots__ = ("die_with_parent", "door", "wish")

    def __init__(self, door: str, wish: Wish, die_with_parent: bool) -> None:
        self.door = door
        self.wish = wish
        self.die_with_parent = die_with_parent

    def describe(self) -> str:
        return "have the container's resident beget a child"

    def execute(self, context: Context) -> None:
        connection = self._connect()
        proc = os.open("/proc", _FOLDER)
        stdio = context.stdio
        streams = [stdio.stdin, stdio.stdout, stdio.stderr, context.channel.fileno(), proc]
        try:
            ask(connection, self.wish, [*streams, *range(3, 3 + self.wish.preserved)])
            connection.settimeout(None)
            self._keep(context, connection)
        except OSError as error:
            raise self._refusal(error) from error
        finally:
            os.close(proc)
            connection.close()

    def _connect(self) -> _socket.socket:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC, 0)
        connection.settimeout(_PATIENCE)
        try:
            folder = os.open(os.path.dirname(self.door), _FOLDER)
            try:
                connection.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.door)}")
            finally:
                os.close(folder)
        except OSError as error:
            connection.close()
            raise self._refusal(error) from error
        return connection

    def _refusal(self, error: OSError) -> StepFailed:
        why = "does not answer"
        if error.errno in _GONE:
            why = "has ended"
        return StepFailed(
            self.describe(),
            f"the process that lets programs into this container {why}",
            error.errno or errno.ETIMEDOUT,
            "somebody in the container may have stopped or killed it; a restart of the container brings it back",
        )

    def _keep(self, context: Context, connection: _socket.socket) -> None:
        before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        pid = kernel.clone(0)
        if pid == 0:
            try:
                if self.die_with_parent:
                    kernel.set_parent_death_signal(_SIGKILL)
                _attend(connection)
            finally:
                os._exit(125)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        context.pid = pid


class VisitLabour(Labour):
    """`visitor` is the program's process, of which the keeper, `context.pid`, tells."""

    __slots__ = ("visitor",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.visitor = 0

    def attend(self) -> bool:
        """A resident that somebody has stopped must not keep us waiting."""
        if not select.select((self.context.channel.fileno(),), (), (), _PATIENCE)[0]:
            self.abort()
            birth: Any = self.context.steps[0]
            raise birth._refusal(TimeoutError(errno.ETIMEDOUT, "timed out"))
        return super().attend()

    def _answer(self, message: tuple[Any, ...], descriptor: int) -> None:
        if message[0] != BORN:
            super()._answer(message, descriptor)
            return
        self.visitor = message[1]
        cgroup = self.context.cgroup
        if cgroup is not None and cgroup.joining():  # the resident's own, nearly always
            cgroup.add(self.visitor)
        self.context.channel.send(DONE)

    def _ended(self) -> bool:
        if not self.visitor:
            birth: Any = self.context.steps[0]
            self.abort()
            raise birth._refusal(ConnectionResetError(errno.ECONNRESET, "closed"))
        if executes(self.visitor, self.context.interpreter):
            self._stop_all()
        return False


def _attend(connection: _socket.socket) -> NoReturn:
    """The keeper: nothing of the caller's is kept open, nor does its terminal reach it."""
    gc.disable()
    _signal.set_wakeup_fd(-1)
    os.setsid()
    for number in (0, 1, 2):
        os.dup2(connection.fileno(), number)
    close_others({0, 1, 2, connection.fileno()})

    def pass_on(number: int, frame: object) -> None:
        try:
            connection.send(bytes((number,)), _socket.MSG_NOSIGNAL)
        except OSError:
            return  # its end is on the way

    for number in _signal.valid_signals() - _KEPT:
        _signal.signal(number, pass_on)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    try:
        status = int(connection.recv(64) or _SIGKILL)  # the resident ends with the container, by that
    except ConnectionResetError:
        status = _SIGKILL
    _end_like(status)


def _end_like(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        import resource

        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number != _SIGKILL:
            _signal.signal(number, _signal.SIG_DFL)
        os.kill(kernel.getpid(), number)
    os._exit(os.WEXITSTATUS(status))
