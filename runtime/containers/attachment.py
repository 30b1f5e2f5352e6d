"""A person at a container: moves bytes between three descriptors and a monitor until the container ends, or the person
leaves."""

from __future__ import annotations

import os
import select

from runtime.containers.connection import MonitorLost
from runtime.errors import InvalidInput
from runtime.monitor.protocol import CONTROL, STDERR, STDIN, content, frame, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from runtime.containers.connection import Connection

    class Events(Protocol):
        """What happens to this process meanwhile: `fileno` becomes readable, `requests` says what to tell the monitor;
        `ended` is the signal that ends us, or 0."""

        ended: int

        def fileno(self) -> int: ...
        def requests(self) -> list[dict[str, Any]]: ...


EXITED = "exited"
DETACHED = "detached"
ENDED = "ended"  # by a signal to us
LOST = "lost"

_CHUNK = 65536
_NAMED = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


class Ending:
    """How it came to an end: one of the words above, and the exit code that goes with it."""

    __slots__ = ("code", "event", "kind")

    def __init__(self, kind: str, code: int = 0, event: dict[str, Any] | None = None) -> None:
        self.kind = kind
        self.code = code
        self.event = event or {}


class DetachKeys:
    """Watches typed bytes for the sequence that detaches; a sequence begun is held back until it is clear."""

    def __init__(self, sequence: bytes) -> None:
        self._sequence = sequence
        self._matched = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What to pass on, and whether the sequence is complete."""
        passed = bytearray()
        for byte in data:
            if self._sequence and byte == self._sequence[self._matched]:
                self._matched += 1
                if self._matched == len(self._sequence):
                    self._matched = 0
                    return bytes(passed), True
                continue
            passed += self._sequence[: self._matched]
            self._matched = 0
            if self._sequence and byte == self._sequence[0]:
                self._matched = 1
                continue
            passed.append(byte)
        return bytes(passed), False


def parse_keys(text: str) -> bytes:
    """ "ctrl-p,ctrl-q" as bytes: a key is one character, or ctrl- and a letter or one of @[\\]^_. InvalidInput."""
    sequence = bytearray()
    for key in text.split(","):
        name = key[5:] if key.startswith("ctrl-") else ""
        if len(key) == 1 and key.isascii():
            sequence.append(ord(key))
        elif len(name) == 1 and name.isascii() and name.isalpha():
            sequence.append(ord(name.upper()) - 64)
        elif name in _NAMED:
            sequence.append(_NAMED[name])
        else:
            raise InvalidInput(f"--detach-keys: {key!r} in {text!r} is no key", "write keys such as ctrl-p,ctrl-q or a")
    return bytes(sequence)


class Attachment:
    """`stdin` is None when it is not connected. `keys` is None where typed bytes mean nothing to us."""

    def __init__(
        self,
        connection: Connection,
        stdin: int | None,
        stdout: int,
        stderr: int,
        keys: DetachKeys | None,
        events: Events,
    ) -> None:
        self._connection = connection
        self._stdin = stdin
        self._outputs = (stdout, stdout, stderr)
        self._keys = keys
        self._events = events
        self._waiting = b""

    def follow(self) -> Ending:
        """Until it ends. The descriptors stay open, and the connection is closed. MonitorLost."""
        try:
            while True:
                ending = self._turn()
                if ending is not None:
                    return ending
        finally:
            self._connection.close()

    def _turn(self) -> Ending | None:
        if self._connection.early:
            return self._said()
        poll = select.poll()
        poll.register(self._connection, select.POLLIN | (select.POLLOUT if self._waiting else 0))
        poll.register(self._events, select.POLLIN)
        # What is typed is read no faster than the monitor takes it; meanwhile output goes on, or both would wait.
        if self._stdin is not None and not self._waiting:
            poll.register(self._stdin, select.POLLIN)
        ready = dict(poll.poll())
        if self._events.fileno() in ready:
            for request in self._events.requests():
                self._waiting += message(request)
            if self._events.ended:
                return Ending(ENDED, 128 + self._events.ended)
        if self._stdin is not None and self._stdin in ready and self._typed():
            return Ending(DETACHED)
        if self._waiting:
            self._send()
        if ready.get(self._connection.fileno(), 0) & ~select.POLLOUT:
            return self._said()
        return None

    def _send(self) -> None:
        try:
            self._waiting = self._waiting[self._connection.offer(self._waiting) :]
        except MonitorLost:
            # The program ended without reading all its input. What it said, and how it ended, can still be read.
            self._waiting, self._stdin = b"", None

    def _typed(self) -> bool:
        """Whether the person detaches."""
        assert self._stdin is not None
        try:
            data = os.read(self._stdin, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # a terminal that hung up
            data = b""
        if not data:
            self._stdin = None
            self._waiting += message({"op": "eof"})
            return False
        passed, detached = self._keys.feed(data) if self._keys else (data, False)
        if passed:
            self._waiting += frame(STDIN, passed)
        return detached

    def _said(self) -> Ending | None:
        frames = self._connection.receive()
        if frames is None:
            return Ending(LOST, 125)
        for stream, data in frames:
            if stream == CONTROL:
                event = content(data)
                if event.get("event") in ("exit", "failed"):
                    return Ending(EXITED, int(event.get("code", 125)), event)
            else:
                write_all(self._outputs[min(stream, STDERR)], data)
        return None


def write_all(descriptor: int, data: bytes) -> None:
    """Writes all of it, also to a terminal that somebody made non-blocking. BrokenPipeError."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select((), (descriptor,), ())
