"""A person at a terminal: a command behind a pseudoterminal of its own, typed to and read from."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

PATIENCE = 20.0  # seconds


class Terminal:
    """Runs the command with the terminal as its own, as a shell does. Close it at the end."""

    def __init__(self, command: Sequence[str], folder: str, rows: int = 24, columns: int = 80) -> None:
        self._master, slave = os.openpty()
        self._resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        self._said = b""
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command], cwd=folder, stdin=slave, stdout=slave, stderr=slave
        )

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, text: str) -> str:
        """What was said up to `text`, which is forgotten with it."""
        wanted = text.encode()
        deadline = time.monotonic() + PATIENCE
        while wanted not in self._said:
            left = deadline - time.monotonic()
            ready, _, _ = select.select((self._master,), (), (), max(left, 0))
            assert ready, f"no {text!r} in {self._said!r}"
            self._said += os.read(self._master, 65536)
        before, _, self._said = self._said.partition(wanted)
        return before.decode()

    def resize(self, rows: int, columns: int) -> None:
        """As a window manager does: the kernel tells the foreground group."""
        self._resize(rows, columns)

    def _resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self) -> list[object]:
        return list(termios.tcgetattr(self._slave))

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self._slave)
        os.close(self._master)
