"""What a monitor and its clients say to each other over its socket. On the launch path.

A frame is Docker's (Engine API, "Attach to a container"): one byte for the stream, three zero bytes, the length as a
big-endian 32-bit number, then the data, so that the API can hand frames through as they are. Streams 0 to 2 are the
container's stdin, stdout and stderr; stream 3, which is ours, carries one JSON object a frame.

A client opens with one of the requests below. The monitor answers with one object, `{"ok": true, ...}` or
`{"error": text}`, and then with frames and events for as long as the client stays.

    {"op": "attach", "stdin": bool, "stdout": bool, "stderr": bool, "size": [rows, columns]}
    {"op": "wait"}                                  stays until the exit event
    {"op": "stop", "signal": n, "timeout": s}       stays until the exit event; timeout < 0 waits for ever
    {"op": "kill", "signal": n}
    {"op": "restart", "signal": n, "timeout": s}    stays until it runs again
    {"op": "policy", "restart": {...}}

An attached client may also send {"op": "resize", "size": [rows, columns]}, {"op": "kill", "signal": n}, and
{"op": "eof"}, which closes the container's stdin. Events: {"event": "exit", "code": n, "oom": bool, "error": text},
{"event": "start", "pid": n}.
"""

from __future__ import annotations

from struct import Struct

from runtime.records import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STDIN = 0
STDOUT = 1
STDERR = 2
CONTROL = 3

HEADER = Struct(">B3xI")
LARGEST = 1 << 20  # a longer frame is not ours: the peer is cut off


class BadFrame(Exception):
    """The peer does not speak this protocol."""


def frame(stream: int, data: bytes) -> bytes:
    return HEADER.pack(stream, len(data)) + data


def message(content: dict[str, Any]) -> bytes:
    return frame(CONTROL, encode(content).encode())


class Decoder:
    """Cuts a byte stream into frames."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that `data` completes. BadFrame."""
        pending = self._pending + data
        frames: list[tuple[int, bytes]] = []
        start = 0
        while len(pending) - start >= HEADER.size:
            stream, length = HEADER.unpack_from(pending, start)
            if stream > CONTROL or length > LARGEST:
                raise BadFrame(f"a frame of stream {stream} and {length} bytes")
            end = start + HEADER.size + length
            if end > len(pending):
                break
            frames.append((stream, pending[start + HEADER.size : end]))
            start = end
        self._pending = pending[start:]
        return frames


def content(data: bytes) -> dict[str, Any]:
    """The object in a control frame. BadFrame."""
    try:
        value = decode(data.decode())
    except ValueError as error:
        raise BadFrame(f"a control frame that is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadFrame("a control frame that is not an object")
    return value
