"""What a monitor is told before it has clients. On the launch path.

A monitor may be started before it is known for which container, so that it imports its modules while that one is made.
It then reads orders from the socket of whoever started it, in the frames of `protocol`, control frames all:

    {"load": {"storage": name, ...}}     these backends will be needed
    {"root": path, "state": path, "id": identifier, "report": path}     the last one; the container's lock comes with it

An end of the stream instead means that no monitor is needed after all.
"""

from __future__ import annotations

import _socket
from struct import pack, unpack

from runtime.monitor.protocol import HEADER, content, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def send(connection: _socket.socket, order: dict[str, Any], lock: int = -1, request: bytes = b"") -> None:
    """`request` is a client's first, which the monitor finds there when it has read the last order.

    BrokenPipeError, ConnectionResetError when the monitor is gone.
    """
    data = message(order) + request
    ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, pack("i", lock))] if lock >= 0 else []
    sent = connection.sendmsg([data], ancillary)
    if sent < len(data):  # sending nothing to one who has read all, and left, is an error too
        connection.sendall(data[sent:])


def receive(connection: _socket.socket) -> tuple[dict[str, Any] | None, int]:
    """The next order, or None at the end of the stream, and the descriptor of the lock that came with it, or -1."""
    head, lock = _exactly(connection, HEADER.size)
    body, _ = _exactly(connection, HEADER.unpack(head)[1]) if head else (b"", -1)
    return (content(body) if body else None), lock


def _exactly(connection: _socket.socket, size: int) -> tuple[bytes, int]:
    """Not a byte more: what follows the orders is a client's. Empty if the stream ends before."""
    data, lock = b"", -1
    while len(data) < size:
        part, ancillary, _, _ = connection.recvmsg(size - len(data), _socket.CMSG_SPACE(4), _socket.MSG_CMSG_CLOEXEC)
        if not part:
            return b"", lock
        data += part
        for _, _, descriptors in ancillary:
            (lock,) = unpack("i", descriptors[:4])
    return data, lock
