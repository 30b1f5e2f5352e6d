"""A process of ours that stays in a container, and lets programs in where setns(2) cannot: before Linux 3.8.

In these kernels only who is in a PID namespace begets processes in it. The container's first process leaves the
resident as a child of its own once everything is mounted and before it gives up rights. Its end would be told by no
signal, so the first process's wait(2) does not see it (__WCLONE), and process 1 is the container's program as anywhere.
It ends with the container. Its socket has a path on the host and none inside; undumpable, and with more capabilities
than the container has, it can be neither traced nor looked into. Who may kill it ends what it has let in, no more.
"""

from __future__ import annotations

import _signal
import _socket
import fcntl
import os
import select

from arch import kernel
from backends.execution.channel import listen
from backends.execution.namespaces.visitor import enter, heard, tell
from backends.execution.steps.step import PARENT, Context, Step
from backends.execution.steps.stream import close_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from backends.contract import Bundle
    from probes.report import HostReport

_SIGKILL = 9
_NAME = b"entrance\0"
_PATIENCE = 10.0  # seconds, for the words of who has connected


class LeaveResident(Step):
    """The parent listens at `door`, a path on the host; the child leaves the resident with that socket."""

    __slots__ = ("bundle", "door", "report")
    place = PARENT

    def __init__(self, door: str, bundle: Bundle, report: HostReport) -> None:
        self.door = door
        self.bundle = bundle
        self.report = report

    def describe(self) -> str:
        return "leave a process that lets programs in: this kernel's setns(2) does not"

    def execute(self, context: Context) -> None:
        if not self.door:
            raise OSError(22, "there is no place for its socket")
        before = os.umask(0o177)
        folder = os.open(os.path.dirname(self.door), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if os.path.lexists(self.door):  # of a run before
                os.unlink(self.door)
            listening = listen(f"/proc/self/fd/{folder}/{os.path.basename(self.door)}")
            context.handed = listening.detach()
        finally:
            os.close(folder)
            os.umask(before)

    def take(self, context: Context, descriptor: int) -> None:
        if kernel.syscall("clone", 0, 0) == 0:  # no signal tells its end
            try:
                self._reside(context, descriptor)
            finally:
                os._exit(1)
        os.close(descriptor)

    def _reside(self, context: Context, descriptor: int) -> None:
        kernel.set_dumpable(False)
        kernel.set_parent_death_signal(_SIGKILL)  # also where the container has no PID namespace to end with
        kernel.prctl(kernel.PR_SET_NAME, kernel.address(_NAME))
        os.setsid()
        descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
        for number in (0, 1, 2):  # the container's streams end with those who have them
            os.dup2(descriptor, number)
        close_others({0, 1, 2, descriptor})
        listening = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, descriptor)
        Resident(listening, self.bundle, self.report, context.interpreter).serve()


class Visit:
    """A program that was let in: its pid here, and its keeper's connection; `deaf` once that is closed."""

    __slots__ = ("connection", "deaf", "pid")

    def __init__(self, connection: _socket.socket, pid: int) -> None:
        self.connection = connection
        self.pid = pid
        self.deaf = False


class Resident:
    __slots__ = ("_bundle", "_interpreter", "_listening", "_report", "_visits", "_woken")

    def __init__(
        self, listening: _socket.socket, bundle: Bundle, report: HostReport, interpreter: tuple[int, int]
    ) -> None:
        self._listening = listening
        self._bundle = bundle
        self._report = report
        self._interpreter = interpreter
        self._visits: list[Visit] = []
        self._woken = -1

    def serve(self) -> NoReturn:
        """All signals are blocked since the first process began, so that the container's do not disturb; but for that
        of a child's end."""
        self._woken, waker = os.pipe()
        for descriptor in (self._woken, waker):
            os.set_blocking(descriptor, False)
        _signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (_signal.SIGCHLD,))
        while True:
            ready = self._wait()
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            for visit in self._visits:
                if not visit.deaf and visit.connection.fileno() in ready:
                    self._hear(visit)
            if self._listening.fileno() in ready:
                self._admit()

    def _wait(self) -> set[int]:
        """The descriptors at which there is something to do."""
        poll = select.poll()
        for descriptor in (self._listening.fileno(), self._woken):
            poll.register(descriptor, select.POLLIN)
        for visit in self._visits:
            if not visit.deaf:
                poll.register(visit.connection.fileno(), select.POLLIN)
        return {descriptor for descriptor, _event in poll.poll()}

    def _admit(self) -> None:
        listening: Any = self._listening
        accepted, _address = listening._accept()
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, accepted)
        descriptors: list[int] = []
        try:
            connection.settimeout(_PATIENCE)
            request = heard(connection, descriptors)
            connection.settimeout(None)
            self._visits.append(Visit(connection, self._beget(request, descriptors)))
        except (OSError, ValueError, EOFError):
            connection.close()  # which tells them
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _beget(self, request: bytes, descriptors: list[int]) -> int:
        before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        pid = kernel.clone(0)
        if pid == 0:
            try:
                enter(request, descriptors, self._bundle, self._report, self._interpreter)
            finally:
                os._exit(1)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
        return pid

    def _hear(self, visit: Visit) -> None:
        """A signal for the program, which is our child and not reaped yet; it ends with its keeper."""
        try:
            data = visit.connection.recv(1)
        except ConnectionResetError:
            data = b""
        visit.deaf = not data
        os.kill(visit.pid, data[0] if data else _SIGKILL)

    def _reap(self) -> None:
        for visit in list(self._visits):
            pid, status = os.waitpid(visit.pid, os.WNOHANG)
            if pid:
                self._visits.remove(visit)
                tell(visit.connection, status)
                visit.connection.close()
