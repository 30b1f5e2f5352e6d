"""--init: a first process of our own, which starts the program, passes signals on and buries orphans."""

from __future__ import annotations

import _signal
import os

from arch import kernel
from backends.execution.steps.step import INIT, Context, Step
from backends.execution.steps.stream import close_others

# Left alone: what a fault of our own raises, and what a terminal sends to who writes to it from the background.
_OWN = ("SIGFPE", "SIGILL", "SIGSEGV", "SIGBUS", "SIGABRT", "SIGTRAP", "SIGSYS")
_IGNORED = ("SIGTTIN", "SIGTTOU")


class BecomeInit(Step):
    """The child of it goes on with the steps; it itself stays, with the container's user and capabilities."""

    __slots__ = ()
    place = INIT

    def describe(self) -> str:
        return "stay as process 1: pass signals on, reap orphans, end as the program ends"

    def execute(self, context: Context) -> None:
        signals = {number for number in range(1, 65) if number in _signal.valid_signals()}
        signals -= {getattr(_signal, name) for name in _OWN}
        _signal.pthread_sigmask(_signal.SIG_BLOCK, signals)
        pid = kernel.clone(0)
        if pid == 0:
            _lead()
            return
        for name in _IGNORED:
            _signal.signal(getattr(_signal, name), _signal.SIG_IGN)
        # A closed channel tells the parent that the program was executed: none of it may stay open here.
        close_others({0, 1, 2})
        os._exit(_attend(pid, signals))


def _lead() -> None:
    """The program's own process group, in the foreground where there is a terminal."""
    os.setpgid(0, 0)
    try:
        os.tcsetpgrp(0, os.getpgrp())
    except OSError:  # no terminal
        return


def _attend(program: int, signals: set[int]) -> int:
    """Until the program ends; then its status, as a shell would give it."""
    while True:
        number = _signal.sigwaitinfo(signals).si_signo
        if number != _signal.SIGCHLD:
            _pass_on(program, number)
            continue
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if pid == program:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def _pass_on(program: int, number: int) -> None:
    try:
        os.kill(program, number)
    except ProcessLookupError:
        return
