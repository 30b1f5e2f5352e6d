"""127.0.0.1 in a new network namespace: the interface lo is there, and down. netdevice(7). On the launch path."""

from __future__ import annotations

# Any socket carries these requests; one of AF_UNIX is also there in a kernel without IPv4. The module `socket` would
# import `selectors` and `enum`.
import _socket
import fcntl
import struct

_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914  # SIOCGIFFLAGS, SIOCSIFFLAGS: the same on every machine
_UP = 1  # IFF_UP
_REQUEST = "16sh22x"  # struct ifreq: the name, and of its union the flags
_NAME = b"lo"


def bring_up() -> None:
    """Brings lo up in the caller's network namespace; the kernel gives it its addresses. OSError.

    To be called by the container's child once it is in its own namespace, while it has CAP_NET_ADMIN there.
    """
    request = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
    try:
        flags = _flags(request.fileno())
        if not flags & _UP:
            fcntl.ioctl(request.fileno(), _SET_FLAGS, struct.pack(_REQUEST, _NAME, flags | _UP))
    finally:
        request.close()


def is_up() -> bool:
    """Whether lo is up in the caller's network namespace. OSError."""
    request = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
    try:
        return bool(_flags(request.fileno()) & _UP)
    finally:
        request.close()


def _flags(descriptor: int) -> int:
    answer = fcntl.ioctl(descriptor, _GET_FLAGS, struct.pack(_REQUEST, _NAME, 0))
    flags: int = struct.unpack(_REQUEST, answer)[1]
    return flags
