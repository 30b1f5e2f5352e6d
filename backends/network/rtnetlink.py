"""Network interfaces and their addresses, asked for and changed through rtnetlink(7).

No more than moving an interface needs: pyroute2 takes 150 ms to import, in the middle of a container's start.
"""

from __future__ import annotations

import _socket
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FAMILY, _PROTOCOL = 16, 0  # AF_NETLINK, NETLINK_ROUTE
_ERROR, _DONE = 2, 3
_NEW_LINK, _GET_LINK, _NEW_ADDRESS, _GET_ADDRESS = 16, 18, 20, 22
_REQUEST, _ACKNOWLEDGE, _DUMP, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x300, 0x200, 0x400
_LARGEST = 1 << 16

_MESSAGE = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBi")  # struct ifaddrmsg: family, prefix length, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # struct rtattr: length, type

_LINK_NAME, _LINK_NAMESPACE = 3, 28  # IFLA_IFNAME, IFLA_NET_NS_FD (Linux 3.0)
_UP = 1  # IFF_UP
_KEPT = (1, 2, 4)  # IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST
_FLAGS = 8  # IFA_FLAGS (Linux 3.14)
_PERMANENT = 0x80  # IFA_F_PERMANENT
_KEPT_FLAGS = 0x2 | 0x100 | 0x200  # IFA_F_NODAD, IFA_F_MANAGETEMPADDR, IFA_F_NOPREFIXROUTE


class Address:
    """One of an interface's. `attributes` are those of ifaddrmsg that are to be given to another, as they are."""

    __slots__ = ("attributes", "family", "flags", "prefix", "scope")

    def __init__(self, family: int, prefix: int, scope: int, flags: int, attributes: list[tuple[int, bytes]]) -> None:
        self.family = family
        self.prefix = prefix
        self.scope = scope
        self.flags = flags
        self.attributes = attributes

    @property
    def lasting(self) -> bool:
        """Permanent, and of global scope: nobody leased it, and it means something elsewhere."""
        return bool(self.flags & _PERMANENT) and self.scope == 0


class Routes:
    """A connection to the network namespace that its maker is in, for as long as it is open. All methods: OSError."""

    __slots__ = ("_sequence", "_socket")

    def __init__(self) -> None:
        self._socket = _socket.socket(_FAMILY, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, _PROTOCOL)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def links(self) -> dict[int, str]:
        """Names by index."""
        found = {}
        for content in self._ask(_GET_LINK, _REQUEST | _DUMP, _LINK.pack(0, 0, 0, 0, 0)):
            _, _, index, _, _ = _LINK.unpack_from(content)
            for kind, value in _attributes(content[_LINK.size :]):
                if kind == _LINK_NAME:
                    found[index] = os.fsdecode(value.rstrip(b"\0"))
        return found

    def addresses(self, link: int) -> list[Address]:
        found = []
        for content in self._ask(_GET_ADDRESS, _REQUEST | _DUMP, _ADDRESS.pack(0, 0, 0, 0, 0)):
            family, prefix, flags, scope, index = _ADDRESS.unpack_from(content)
            if index != link:
                continue
            kept = []
            for kind, value in _attributes(content[_ADDRESS.size :]):
                if kind in _KEPT:
                    kept.append((kind, value))
                elif kind == _FLAGS:
                    flags = struct.unpack("=I", value)[0]
            found.append(Address(family, prefix, scope, flags, kept))
        return found

    def add(self, link: int, address: Address) -> None:
        content = _ADDRESS.pack(address.family, address.prefix, 0, address.scope, link)
        for kind, value in address.attributes:
            content += _attribute(kind, value)
        content += _attribute(_FLAGS, struct.pack("=I", address.flags & _KEPT_FLAGS))
        self._say(_NEW_ADDRESS, _CREATE | _EXCLUSIVE, content)

    def move(self, link: int, namespace: int, name: str) -> None:
        """Into the namespace that is open as `namespace`, there to be called `name`; it loses its addresses, and is
        down."""
        content = _LINK.pack(0, 0, link, 0, 0)
        content += _attribute(_LINK_NAMESPACE, struct.pack("=i", namespace))
        content += _attribute(_LINK_NAME, os.fsencode(name) + b"\0")
        self._say(_NEW_LINK, 0, content)

    def bring_up(self, link: int) -> None:
        self._say(_NEW_LINK, 0, _LINK.pack(0, 0, link, _UP, _UP))

    def _say(self, kind: int, flags: int, content: bytes) -> None:
        for _ in self._ask(kind, _REQUEST | _ACKNOWLEDGE | flags, content):
            pass

    def _ask(self, kind: int, flags: int, content: bytes) -> Iterator[bytes]:
        """What the kernel answers, message by message."""
        self._sequence += 1
        self._socket.send(_MESSAGE.pack(_MESSAGE.size + len(content), kind, flags, self._sequence, 0) + content)
        while True:
            data = self._socket.recv(_LARGEST)
            while len(data) >= _MESSAGE.size:
                length, answer, _, sequence, _ = _MESSAGE.unpack_from(data)
                body, data = data[_MESSAGE.size : length], data[length + 3 & ~3 :]
                if sequence != self._sequence:
                    continue
                if answer == _ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    if number:
                        raise OSError(number, f"rtnetlink: {os.strerror(number)}")
                    return
                if answer == _DONE:
                    return
                yield body


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    while len(content) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(content)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, content[_ATTRIBUTE.size : length]
        content = content[length + 3 & ~3 :]
