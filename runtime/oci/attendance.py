"""Standing by a process in the foreground: its end, signals to it, its terminal. On the launch path."""

from __future__ import annotations

import _signal
import os

from arch import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from backends.contract import Process

# Ours alone: what cannot be caught, what our own faults raise, and what tells of children and windows.
_OURS = frozenset(
    (
        _signal.SIGKILL, _signal.SIGSTOP, _signal.SIGCHLD, _signal.SIGPIPE, _signal.SIGURG, _signal.SIGWINCH,
        _signal.SIGSEGV, _signal.SIGBUS, _signal.SIGILL, _signal.SIGFPE, _signal.SIGABRT, _signal.SIGTRAP,
        _signal.SIGSYS,
    )
)  # fmt: skip
_FORWARDED = tuple(number for number in range(1, 32) if number not in _OURS)


class Attendance:
    """Made before the process: a signal that comes early is kept for it."""

    __slots__ = ("_early", "_pid")

    def __init__(self, reap_others: bool) -> None:
        self._pid = 0
        self._early: list[int] = []
        if reap_others:
            kernel.adopt_orphans()
        for number in _FORWARDED:
            _signal.signal(number, self._pass_on)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if not self._pid:
            self._early.append(number)
            return
        try:
            os.kill(self._pid, number)  # our own unreaped child: no other has its pid
        except ProcessLookupError:
            return

    def follow(self, process: Process) -> int:
        """Until it ends; its exit status as a shell would give it."""
        self._pid = process.pid
        while self._early:
            self._pass_on(self._early.pop(0), None)
        if process.console >= 0:
            from runtime.oci.relay import relay

            relay(process.console, process.pid)
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == process.pid:
                break
        self._pid = 0
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code
