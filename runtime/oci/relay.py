"""A terminal in the foreground: bytes between ours and the container's, its size, and signals."""

from __future__ import annotations

import _signal
import fcntl
import os
import select
import struct

from runtime.cli.terminal import Raw, Signals, size

_TIOCSWINSZ = 0x80087467 if os.uname().machine.startswith("ppc") else 0x5414
_CHUNK = 65536


def relay(master: int, pid: int) -> None:
    """Until nobody has the container's side open any more. Closes the master."""
    with Raw(0), Signals(forward=True, screen=0) as signals:
        _resize(master)
        sources = [0, master, signals.fileno()]
        while True:
            ready, _, _ = select.select(sources, [], [])
            for number in signals.numbers() if signals.fileno() in ready else ():
                _act(number, master, pid)
            if master in ready and not _move(master, 1):
                break
            if 0 in ready and not _move(0, master):
                sources.remove(0)
    os.close(master)


def _act(number: int, master: int, pid: int) -> None:
    if number == _signal.SIGWINCH:
        _resize(master)
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _resize(master: int) -> None:
    found = size(0)
    if found:
        fcntl.ioctl(master, _TIOCSWINSZ, struct.pack("HHHH", *found, 0, 0))


def _move(source: int, target: int) -> bool:
    """False at the end: EIO is a terminal's."""
    try:
        data = os.read(source, _CHUNK)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(target, rest) :]
    except OSError:
        return False
    return bool(data)
