"""The loopback interface of a new network namespace, which begins down."""

from __future__ import annotations

import _socket
import fcntl
import struct

from backends.execution.steps.step import Context, Step

# linux/sockios.h, linux/if.h
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_REQUEST = "16sH14x"


class RaiseLoopback(Step):
    __slots__ = ()

    def describe(self) -> str:
        return "bring up the loopback interface"

    def execute(self, context: Context) -> None:
        control = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC, 0)
        try:
            answer = fcntl.ioctl(control.fileno(), _SIOCGIFFLAGS, struct.pack(_REQUEST, b"lo", 0))
            flags = struct.unpack(_REQUEST, answer)[1]
            fcntl.ioctl(control.fileno(), _SIOCSIFFLAGS, struct.pack(_REQUEST, b"lo", flags | _IFF_UP))
        finally:
            control.close()
