"""This process's own terminal and signals while it stands between a person and a container."""

from __future__ import annotations

import _signal as signal  # `signal` itself makes enumerations of them: 5 ms
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

# Those that mean something to us or to job control, or that a fault of our own raises.
_NOT_FORWARDED = frozenset(
    (
        signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGWINCH, signal.SIGURG,
        signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGSEGV, signal.SIGBUS,
        signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS,
    )
)  # fmt: skip
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)

_UNMOVED = b"""
Notice: the program goes on. As the first process of its container it does not even see signals that it has no handler
for: `runtime kill` ends it from another terminal, and --init avoids this.
"""


def is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def size(descriptor: int) -> list[int]:
    """Rows and columns, or nothing where there is no terminal."""
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return []
    return [found.lines, found.columns]


class Raw:
    """Within it every key goes to the container. Undone whatever happens."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    def __enter__(self) -> Raw:
        if is_terminal(self._descriptor):
            import termios
            import tty

            self._before = termios.tcgetattr(self._descriptor)
            tty.setraw(self._descriptor, termios.TCSADRAIN)  # TCSAFLUSH would lose what was typed ahead
        return self

    def __exit__(self, *failure: object) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)


class Signals:
    """Turns signals to this process into something to poll for.

    `forward`  whether they go to the container; otherwise those that would end us set `ended`
    `screen`   the descriptor of the terminal whose size the container's follows, or None
    """

    def __init__(self, forward: bool, screen: int | None = None, children: bool = False) -> None:
        self.ended = 0
        self.child_changed = False
        self._forward = forward
        self._screen = screen
        self._children = children
        self._interrupts = 0
        self._former: dict[int, Any] = {}
        self._read, self._write = -1, -1

    def __enter__(self) -> Signals:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._former_wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in self._wanted():
            self._former[number] = signal.signal(number, _noted)
        return self

    def __exit__(self, *failure: object) -> None:
        signal.set_wakeup_fd(self._former_wakeup)
        for number, former in self._former.items():
            signal.signal(number, former if former is not None else signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)

    def _wanted(self) -> list[int]:
        numbers: list[int] = [] if self._screen is None else [signal.SIGWINCH]
        if self._children:
            numbers.append(signal.SIGCHLD)
        if self._forward:
            numbers.extend(number for number in range(1, 32) if number not in _NOT_FORWARDED)
        elif self._screen is not None:
            numbers.extend(_ENDING)  # in raw mode the terminal must be put right before we go
        return numbers

    def fileno(self) -> int:
        return self._read

    def numbers(self) -> list[int]:
        """Signals since the last call, those to be passed on."""
        found = []
        try:
            arrived = os.read(self._read, 4096)
        except BlockingIOError:
            return []
        for number in arrived:
            if number == signal.SIGCHLD:
                self.child_changed = True
            elif self._forward or number == signal.SIGWINCH:
                found.append(number)
                self._interrupts += number == signal.SIGINT
                if number == signal.SIGINT and self._interrupts == 2 and is_terminal(2):
                    os.write(2, _UNMOVED)
            else:
                self.ended = number
        return found

    def requests(self) -> list[dict[str, Any]]:
        """The same as requests to a monitor."""
        found: list[dict[str, Any]] = []
        for number in self.numbers():
            if number == signal.SIGWINCH and self._screen is not None:
                found.append({"op": "resize", "size": size(self._screen)})
            else:
                found.append({"op": "kill", "signal": number})
        return found


def _noted(number: int, frame: FrameType | None) -> None:
    """The wakeup descriptor says it all."""


def with_terminal(descriptor: int, action: Callable[[], int]) -> int:
    """Runs `action` with the terminal raw."""
    with Raw(descriptor):
        return action()
