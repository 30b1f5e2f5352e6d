"""The parent of one proot: tells how the container's program ended, and lets nothing of it outlive that.

proot 5.1 waits for all that it follows, and ends with the status of the last. So the program runs below `arch.waiting`,
which says how it ended; then the keeper kills the rest, and ends in the same way. Killed by SIGKILL itself it would
leave processes without proot, that is outside of their root: signals for the program go to the program, and the keeper
hears of its parent's death by SIGTERM. On the launch path.
"""

from __future__ import annotations

import _signal
import errno
import os
import resource
import struct
import time

from arch import kernel, waiting
from backends.execution.proot.tracees import end, followed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import Stdio

_PATIENCE = 10.0  # seconds for the program to be there
_PAUSE = 0.001
_FORWARDED = (1, 2, 3, 10, 12, 14, 18, 28)  # HUP INT QUIT USR1 USR2 ALRM CONT WINCH
_SIGTERM = 15


class Order:
    """What to run: proot's path and `words`, the file of the waiting program and what it is called in there."""

    __slots__ = ("arguments", "environment", "limits", "program", "strangers", "terminal", "words")

    def __init__(self, program: str, words: list[str], arguments: list[str], environment: dict[str, str]) -> None:
        self.program = program
        self.words = words
        self.arguments = arguments  # path in there, and argv
        self.environment = environment
        self.limits: list[tuple[int, int, int]] = []
        self.terminal = -1
        self.strangers = b""  # a filter; with it or without, set-uid programs gain nothing from one who is followed


def keep(order: Order, stdio: Stdio, gate: int, tell: int) -> None:
    """In a child of the caller's: waits at `gate`, and tells the program's pid. Never returns."""
    status = 125 << 8
    try:
        kernel.set_parent_death_signal(_SIGTERM)
        os.setsid()
        _connect(order, stdio)
        if os.read(gate, 1):
            status = _run(order, tell)
    finally:
        _end_like(status)


def _connect(order: Order, stdio: Stdio) -> None:
    streams = (stdio.stdin, stdio.stdout, stdio.stderr) if order.terminal < 0 else (order.terminal,) * 3
    held = [os.dup(stream) for stream in streams]
    for number, stream in enumerate(held):
        os.dup2(stream, number)
    if order.terminal >= 0:
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _run(order: Order, tell: int) -> int:
    answers, said = os.pipe2(os.O_CLOEXEC)
    tracer = os.fork()
    if tracer == 0:
        _become(order, said)
    os.close(said)
    program = [0]

    def forward(number: int, frame: object) -> None:
        if program[0]:
            os.kill(program[0], number)

    def leave(number: int, frame: object) -> None:
        if os.getppid() == parent:
            forward(number, frame)
            return
        end(tracer)
        os._exit(128 + number)

    parent = os.getppid()
    for number in _FORWARDED:
        _signal.signal(number, forward)
    _signal.signal(_SIGTERM, leave)
    program[0] = _await(tracer)
    os.write(tell, b"%d\n" % program[0])
    os.close(tell)
    for number in (0, 1, 2):  # who reads what the program says must see the end of it
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    answer = os.read(answers, 4)
    end(tracer)
    status = os.waitpid(tracer, 0)[1]
    return struct.unpack("<i", answer)[0] if len(answer) == 4 else status or 125 << 8


def _become(order: Order, said: int) -> None:
    """Never returns."""
    try:
        kernel.set_parent_death_signal(9)
        for number in (*_FORWARDED, _SIGTERM):
            _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        for number, soft, hard in order.limits:
            resource.setrlimit(number, (soft, hard))
        _tighten(order.strangers)
        if said != waiting.STATUS:
            os.dup2(said, waiting.STATUS)
        os.set_inheritable(waiting.STATUS, True)
        os.closerange(waiting.STATUS + 1, 1 << 16)
        os.execve(order.program, [order.program, *order.words, *order.arguments], order.environment)
    finally:
        os._exit(125)


def _tighten(strangers: bytes) -> None:
    try:
        kernel.set_no_new_privs()
    except OSError as error:
        if strangers or error.errno != errno.EINVAL:  # before Linux 3.5
            raise
    if strangers:
        kernel.seccomp_filter(strangers)


def _await(tracer: int) -> int:
    """The program's pid once it is there, or 0 if it was too quick to be seen."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = followed(tracer)
        programs = [pid for pid, parent in found.items() if parent in found]
        if programs:
            return programs[0]
        ended = os.waitid(os.P_PID, tracer, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return 0
        time.sleep(_PAUSE)
    return 0


def _end_like(status: int) -> None:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number not in (9, 19):
            _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (number,))
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 125)
