"""`exec` from a person's side: the program gets our own descriptors, or a terminal that we copy to and from."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import termios

from backends.contract import Stdio
from runtime.cli import terminal
from runtime.cli.running import DETACH_KEYS
from runtime.cli.session import engine
from runtime.containers.attachment import DetachKeys, parse_keys, write_all
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.containers.execution import Execution
    from runtime.containers.request import ExecRequest

_CHUNK = 65536


def run(reference: str, wish: ExecRequest) -> int:
    """The program's exit status; 0 when left running."""
    keys = parse_keys(wish.detach_keys or DETACH_KEYS)
    if wish.tty and wish.interactive and not wish.detach and not terminal.is_terminal(0):
        raise InvalidInput("--tty: standard input is not a terminal", "leave out -t, or call it from a terminal")
    sys.stdout.flush()
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    if wish.detach:
        engine().execute(reference, wish, Stdio(null, null, null))
        return 0
    # Signals are kept for the program before it starts: none is lost between that and our being ready.
    if not wish.tty:
        with terminal.Signals(True, children=True) as signals:
            execution = engine().execute(reference, wish, Stdio(0 if wish.interactive else null, 1, 2))
            return _wait(execution, signals)
    screen = 0 if terminal.is_terminal(0) else 1
    with terminal.Raw(0 if wish.interactive else -1), terminal.Signals(False, screen, children=True) as signals:
        execution = engine().execute(reference, wish, Stdio(null, null, null))
        return _Console(execution, wish.interactive, DetachKeys(keys)).follow(signals)


def _wait(execution: Execution, signals: terminal.Signals) -> int:
    """Passes signals on meanwhile, which docker does not."""
    while True:
        ended = execution.poll()
        if ended is not None:
            return ended
        select.select((signals,), (), ())
        for number in signals.numbers():
            execution.signal(number)


class _Console:
    """Copies between our terminal and the one of a program in a container."""

    def __init__(self, execution: Execution, interactive: bool, keys: DetachKeys) -> None:
        self._execution = execution
        self._stdin: int | None = 0 if interactive else None
        self._keys = keys
        self._waiting = b""
        self._open = True

    def follow(self, signals: terminal.Signals) -> int:
        os.set_blocking(self._execution.console, False)
        while True:
            ended = self._execution.poll()
            if ended is not None:
                self._drain()
                return ended
            if self._turn(signals):
                return 0
            if signals.ended:
                return 128 + signals.ended

    def _turn(self, signals: terminal.Signals) -> bool:
        """Whether the person detaches."""
        console = self._execution.console
        poll = select.poll()
        poll.register(signals, select.POLLIN)
        if self._open:
            poll.register(console, select.POLLIN | (select.POLLOUT if self._waiting else 0))
        if self._stdin is not None and not self._waiting:
            poll.register(self._stdin, select.POLLIN)
        ready = dict(poll.poll())
        for _ in signals.numbers():
            self._resize()
        if self._stdin is not None and self._stdin in ready and self._typed():
            return True
        if self._waiting and self._open:
            self._write()
        if ready.get(console, 0) & ~select.POLLOUT:
            self._said()
        return False

    def _typed(self) -> bool:
        assert self._stdin is not None
        try:
            data = os.read(self._stdin, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._stdin = None
            return False
        passed, detached = self._keys.feed(data)
        self._waiting += passed
        return detached

    def _write(self) -> None:
        try:
            self._waiting = self._waiting[os.write(self._execution.console, self._waiting) :]
        except BlockingIOError:
            return
        except OSError:  # nobody has the terminal open any more
            self._waiting = b""

    def _said(self) -> bool:
        """Whether there was something to show."""
        try:
            data = os.read(self._execution.console, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # EIO: the other side is closed for good, or until somebody opens it again
            data = b""
        if not data:
            self._open = False
            return False
        write_all(1, data)
        return True

    def _drain(self) -> None:
        while self._open and self._said():
            pass

    def _resize(self) -> None:
        found = terminal.size(0) or terminal.size(1)
        if found:
            fcntl.ioctl(self._execution.console, termios.TIOCSWINSZ, struct.pack("HHHH", found[0], found[1], 0, 0))
