"""A connection to a D-Bus server: who we are, calls and their answers, signals. On the launch path of systemd's driver.

Messages as in the D-Bus Specification, "Message Protocol"; what they hold is in `wire.py`.
"""

from __future__ import annotations

import _socket
import os
import struct

from backends.cgroups.systemd.wire import Reader, marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATIENCE = 30.0  # seconds for an answer, or for the end of a job
_CALL, _ANSWER, _ERROR, _SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_KINDS = {_PATH: "o", _INTERFACE: "s", _MEMBER: "s", _DESTINATION: "s", _SIGNATURE: "g"}
_FIXED = 16  # bytes of a header before its fields, their length among them
_LARGEST = 1 << 27  # bytes, the specification's limit of a message
_LINE = 4096


class BusError(Exception):
    """What the other side answered instead: `name` is "org.freedesktop.systemd1.UnitExists" or the like."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message or name)
        self.name = name


class Message:
    __slots__ = ("body", "fields", "kind")

    def __init__(self, kind: int, fields: dict[int, Any], body: list[Any]) -> None:
        self.kind = kind
        self.fields = fields
        self.body = body


class Connection:
    """`brokered`: the server passes messages on to a destination, and wants to be greeted first."""

    __slots__ = ("_buffer", "_serial", "_socket", "brokered", "signals")

    def __init__(self, address: str, brokered: bool) -> None:
        """`address`: a socket's path, or its abstract name after a zero. OSError, BusError."""
        self.brokered = brokered
        self.signals: list[Message] = []
        self._serial = 0
        self._buffer = b""
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC, 0)
        try:
            self._socket.settimeout(PATIENCE)
            self._socket.connect(address)
            self._introduce()
            if brokered:
                self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        self._socket.close()

    # ------------------------------------------------------------------------------------------ who we are

    def _introduce(self) -> None:
        """In one go: systemd stops listening to who says BEGIN and a message at once, so the answer comes between."""
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(_outer_user()).encode().hex().encode() + b"\r\nBEGIN\r\n")
        answer = self._line()
        if not answer.startswith("OK"):
            raise BusError("org.freedesktop.DBus.Error.AuthFailed", f"it does not let us in: {answer}")

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > _LINE:
                raise BusError("org.freedesktop.DBus.Error.AuthFailed", "it does not speak D-Bus")
            self._more()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("ascii", "replace")

    # -------------------------------------------------------------------------------------------- messages

    def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *values: Any,
    ) -> list[Any]:
        """The answer's values; signals that come meanwhile are kept. OSError, BusError."""
        self._serial += 1
        fields = {_PATH: path, _INTERFACE: interface, _MEMBER: member}
        if self.brokered:
            fields[_DESTINATION] = destination
        if signature:
            fields[_SIGNATURE] = signature
        self._socket.sendall(_packed(self._serial, fields, marshal(signature, values)))
        while True:
            message = self._receive()
            if message.kind == _SIGNAL:
                self.signals.append(message)
            elif message.fields.get(_REPLY) != self._serial:
                continue
            elif message.kind == _ERROR:
                said = message.body[0] if message.body and isinstance(message.body[0], str) else ""
                raise BusError(str(message.fields.get(_ERROR_NAME, "")), said)
            else:
                return message.body

    def signal(self, member: str) -> list[Any]:
        """The values of the next signal of that name. OSError"""
        while True:
            message = self.signals.pop(0) if self.signals else self._receive()
            if message.kind == _SIGNAL and message.fields.get(_MEMBER) == member:
                return message.body

    def _receive(self) -> Message:
        self._fill(_FIXED)
        order = "<" if self._buffer[:1] == b"l" else ">"
        length, _, fields_length = struct.unpack_from(order + "III", self._buffer, 4)
        start = (_FIXED + fields_length + 7) // 8 * 8
        if start + length > _LARGEST:
            raise BusError("org.freedesktop.DBus.Error.InvalidArgs", "a message is larger than any may be")
        self._fill(start + length)
        data, self._buffer = self._buffer[: start + length], self._buffer[start + length :]
        fields = dict(Reader(data, order, _FIXED - 4).take("a(yv)"))
        body = Reader(data[start:], order).take_all(fields.get(_SIGNATURE, ""))
        return Message(data[1], fields, body)

    def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            self._more()

    def _more(self) -> None:
        try:
            data = self._socket.recv(65536)
        except _socket.timeout:
            raise TimeoutError(110, f"no answer in {PATIENCE:g} s") from None
        if not data:
            raise ConnectionResetError(104, "the other side has closed the connection")
        self._buffer += data


def _outer_user() -> int:
    """Who we are to a server outside of our user namespace, user_namespaces(7)."""
    user = os.geteuid()
    with open("/proc/self/uid_map", "rb") as stream:
        for line in stream:
            inner, outer, size = map(int, line.split())
            if inner <= user < inner + size:
                return outer + user - inner
    return user


def _packed(serial: int, fields: dict[int, str], body: bytes) -> bytes:
    entries = [(code, (_KINDS[code], value)) for code, value in fields.items()]
    head = marshal("yyyyuua(yv)", (ord("l"), _CALL, 0, 1, len(body), serial, entries))
    return head + bytes(-len(head) % 8) + body
