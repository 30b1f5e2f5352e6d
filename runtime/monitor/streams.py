"""The container's three streams between its process, its log and the clients. On the launch path."""

from __future__ import annotations

import fcntl
import os
from select import POLLIN, POLLOUT
from struct import pack
from termios import TIOCSWINSZ

from backends.contract import Stdio
from runtime.monitor.clients import Server
from runtime.monitor.log import FileLog, NoLog
from runtime.monitor.loop import Loop
from runtime.monitor.protocol import STDERR, STDOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 65536
_NAMES = {STDOUT: "stdout", STDERR: "stderr"}
INPUT_HIGH_WATER = 1 << 18  # bytes typed and not yet read by the container, above which clients are read no further


class Streams:
    """Our ends of the pipes, or the terminal's master."""

    def __init__(self, loop: Loop, server: Server, log: FileLog | NoLog, ended: Callable[[], None]) -> None:
        self._loop = loop
        self._server = server
        self._log = log
        self._ended = ended  # called when the last output stream reaches its end
        self._outputs: dict[int, int] = {}  # descriptor -> stream
        self._input = -1
        self._typed = bytearray()
        self._finished = False  # no more input will come
        self._console = -1
        self._paused = False

    def pipes(self, interactive: bool) -> Stdio:
        """The container's ends for a process without a terminal; close them with `release` once it has them."""
        if interactive:
            stdin, self._input = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self._input, False)
        else:
            stdin = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        out, stdout = os.pipe2(os.O_CLOEXEC)
        error, stderr = os.pipe2(os.O_CLOEXEC)
        self._outputs = {out: STDOUT, error: STDERR}
        # A process inside that opens /dev/stdout anew must be allowed to, also when it is not root.
        for descriptor in (stdin, stdout, stderr)[not interactive :]:
            os.fchmod(descriptor, 0o666)
        return Stdio(stdin, stdout, stderr)

    @staticmethod
    def release(stdio: Stdio) -> None:
        for descriptor in (stdio.stdin, stdio.stdout, stdio.stderr):
            os.close(descriptor)

    def console(self, master: int) -> None:
        """Takes over a terminal's master in place of the pipes."""
        os.set_blocking(master, False)
        self._console = self._input = master
        self._outputs = {master: STDOUT}

    def start(self) -> None:
        for descriptor in self._outputs:
            os.set_blocking(descriptor, False)
        self._watch()

    def _watch(self) -> None:
        for descriptor in self._outputs:
            events = 0 if self._paused else POLLIN
            if descriptor == self._console and self._typed:
                events |= POLLOUT
            self._loop.watch(descriptor, events, self._handler(descriptor))
        if self._input >= 0 and self._input != self._console:
            if self._typed:
                self._loop.watch(self._input, POLLOUT, self._feed)
            else:
                self._loop.forget(self._input)

    def _handler(self, descriptor: int) -> Callable[[int], None]:
        def ready(events: int) -> None:
            if events & POLLOUT:
                self._feed(events)
            if events & ~POLLOUT:
                self._read(descriptor)

        return ready

    # -- out

    def _read(self, descriptor: int) -> bool:
        """Whether there was anything."""
        stream = self._outputs.get(descriptor)
        if stream is None:
            return False
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # EIO: the last process let go of the terminal
            data = b""
        if not data:
            self._close_output(descriptor)
            return False
        self._log.write(_NAMES[stream], data)
        self._server.output(stream, data)
        self._regulate()
        return True

    def _close_output(self, descriptor: int) -> None:
        del self._outputs[descriptor]
        self._loop.forget(descriptor)
        if descriptor == self._console:
            self._console = self._input = -1
        os.close(descriptor)
        if not self._outputs:
            self._ended()

    def drain(self) -> None:
        """Reads what is there now, without waiting for the end."""
        for descriptor in list(self._outputs):
            while self._read(descriptor):
                pass

    def _regulate(self) -> None:
        """A client that does not read holds the container up, as a terminal would; nothing is thrown away."""
        paused = self._server.congested
        if paused != self._paused:
            self._paused = paused
            self._watch()

    def relieved(self) -> None:
        if self._paused:
            self._regulate()

    # -- in

    def type(self, data: bytes) -> None:
        if self._input < 0 or self._finished:
            return
        self._typed += data
        self._feed(POLLOUT)
        self._hold()

    def end_input(self) -> None:
        """The clients have no more input: the container sees the end of its stdin once it has read the rest."""
        self._finished = True
        if not self._typed:
            self._close_input()

    def _feed(self, events: int) -> None:
        try:
            while self._typed:
                written = os.write(self._input, self._typed[:_CHUNK])
                del self._typed[:written]
        except BlockingIOError:
            pass
        except OSError:  # the container closed its stdin; what it did not want is gone, as in a shell's pipe
            self._typed.clear()
            self._finished = True
        if self._finished and not self._typed:
            self._close_input()
        self._watch()
        self._hold()

    def _hold(self) -> None:
        held = len(self._typed) > INPUT_HIGH_WATER
        for client in list(self._server.clients):
            if client.feeds:
                client.hold(held)

    def _close_input(self) -> None:
        if self._input >= 0 and self._input != self._console:
            self._loop.forget(self._input)
            os.close(self._input)
            self._input = -1

    # -- both

    def resize(self, rows: int, columns: int) -> None:
        if self._console >= 0:
            fcntl.ioctl(self._console, TIOCSWINSZ, pack("HHHH", rows, columns, 0, 0))

    @property
    def open(self) -> bool:
        return bool(self._outputs)

    def close(self) -> None:
        """Lets go of everything, ended or not."""
        self._finished = True
        self._typed.clear()
        self._close_input()
        for descriptor in list(self._outputs):
            self._loop.forget(descriptor)
            os.close(descriptor)
        self._outputs.clear()
        self._console = self._input = -1
