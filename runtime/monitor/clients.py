"""Those who talk to a monitor: one object a connection. On the launch path."""

from __future__ import annotations

import _socket
from select import POLLIN, POLLOUT

from runtime.monitor.loop import READABLE, Loop
from runtime.monitor.protocol import CONTROL, STDERR, STDIN, STDOUT, BadFrame, Decoder, content, frame, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HIGH_WATER = 1 << 20  # bytes waiting for a client above which the container's output is read no further
_CHUNK = 65536


class Client:
    """One connection. `streams` are the output streams it wants; `stays` says that it wants the exit event."""

    def __init__(self, connection: _socket.socket, loop: Loop, server: Server) -> None:
        self.streams: frozenset[int] = frozenset()
        self.feeds = False  # may write the container's stdin
        self.stays = False
        self.awaits_start = False
        self._connection = connection
        self._loop = loop
        self._server = server
        self._decoder = Decoder()
        self._waiting = bytearray()
        self._closing = False
        self._held = False
        connection.setblocking(False)
        loop.watch(connection.fileno(), POLLIN, self._ready)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def _ready(self, events: int) -> None:
        if events & POLLOUT:
            self._flush()
        if events & READABLE and self._connection.fileno() >= 0:
            self._read()

    def _read(self) -> None:
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop()
            return
        try:
            for stream, payload in self._decoder.feed(data):
                if stream == CONTROL:
                    self._server.requested(self, content(payload))
                elif stream == STDIN and self.feeds:
                    self._server.typed(payload)
        except (BadFrame, KeyError, TypeError, ValueError) as error:
            self.say({"error": f"a request that cannot be understood: {error}"})
            self.leave()

    def catch_up(self) -> None:
        """Handles what the client had sent before the loop began to turn."""
        self._read()

    def hold(self, held: bool) -> None:
        """Stops or resumes listening to a client that writes faster than the container reads."""
        if self._held != held and self._connection.fileno() >= 0:
            self._held = held
            self._loop.watch(self._connection.fileno(), self._events(), self._ready)

    def _events(self) -> int:
        return (0 if self._held else POLLIN) | (POLLOUT if self._waiting else 0)

    def output(self, stream: int, data: bytes) -> None:
        if stream in self.streams:
            self._send(frame(stream, data))

    def say(self, answer: dict[str, Any]) -> None:
        self._send(message(answer))

    def _send(self, data: bytes) -> None:
        if self._connection.fileno() < 0:
            return
        self._waiting += data
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                sent = self._connection.send(self._waiting)
                del self._waiting[:sent]
        except BlockingIOError:
            pass
        except OSError:  # it went away; what it asked for goes on
            self.drop()
            return
        if self._closing and not self._waiting:
            self.drop()
        else:
            self._loop.watch(self._connection.fileno(), self._events(), self._ready)
            self._server.drained()

    def leave(self) -> None:
        """Closes the connection once all that waits is sent."""
        self._closing = True
        if not self._waiting:
            self.drop()

    def drop(self) -> None:
        descriptor = self._connection.fileno()
        if descriptor >= 0:
            self._loop.forget(descriptor)
            self._connection.close()
            self._waiting.clear()
            self._server.left(self)

    def finish(self, patience: float) -> None:
        """Sends what waits, blocking at most `patience` seconds: the monitor is about to end."""
        if self._connection.fileno() < 0:
            return
        try:
            self._connection.settimeout(patience)
            self._connection.sendall(bytes(self._waiting))
        except OSError:
            pass
        self._waiting.clear()
        self.drop()


class Server:
    """Listens on the container's socket and keeps its clients."""

    def __init__(
        self,
        loop: Loop,
        requested: Callable[[Client, dict[str, Any]], None],
        typed: Callable[[bytes], None],
        drained: Callable[[], None],
    ) -> None:
        self.clients: list[Client] = []
        self.requested = requested
        self.typed = typed
        self.drained = drained
        self._loop = loop

    def listen(self, path: str) -> None:
        """`path` may be longer than sun_path, if the caller names it through /proc/self/fd."""
        self._listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self._listener.bind(path)
        self._listener.listen(64)
        self._listener.setblocking(False)
        self._loop.watch(self._listener.fileno(), POLLIN, self._accept)

    def _accept(self, events: int) -> None:
        try:
            descriptor, _ = self._listener._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        self.adopt(descriptor)

    def adopt(self, descriptor: int) -> Client:
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
        client = Client(connection, self._loop, self)
        self.clients.append(client)
        return client

    def left(self, client: Client) -> None:
        if client in self.clients:
            self.clients.remove(client)
        self.drained()

    @property
    def congested(self) -> bool:
        return any(client.waiting > HIGH_WATER for client in self.clients)

    def output(self, stream: int, data: bytes) -> None:
        for client in list(self.clients):
            client.output(stream, data)

    def close(self) -> None:
        for client in list(self.clients):
            client.finish(2.0)


WANTED = {"stdout": STDOUT, "stderr": STDERR}
