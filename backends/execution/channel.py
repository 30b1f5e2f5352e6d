"""Typed messages between a container's parent and the child that becomes it. On the launch path.

A pair of SOCK_SEQPACKET sockets: messages keep their bounds, and the end of the other side is seen at once, which is
how the parent learns that the program was executed (the child's end closes on exec) and the child that its parent died.
"""

from __future__ import annotations

import _socket
import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The first word of a message from the child.
PERFORM = "perform"  # number: execute that step of the plan (place "parent"), then answer DONE
BORN = "born"  # pid: the container's process, begotten by an intermediate one
CONSOLE = "console"  # with a descriptor: the master of the terminal
LISTENER = "listener"  # with a descriptor: that of seccomp's notifications, for the agent; then answer DONE
WAITING = "waiting"  # everything is in force; waits for GO
FAILED = "failed"  # kind, step, errno, message, hint

# The first word of an answer from the parent.
DONE = "done"
GO = "go"
LEFT = "left"  # the parent leaves: whoever connects to the gate says GO, and is told the rest

_LONGEST = 1 << 16
_CLOSED = -1


class Channel:
    """One end of the pair."""

    __slots__ = ("_socket",)

    def __init__(self, end: _socket.socket) -> None:
        self._socket = end

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def open(self) -> bool:
        return self._socket.fileno() != _CLOSED

    def send(self, *message: Any, descriptor: int = -1) -> None:
        """BrokenPipeError or ConnectionResetError when the other side is gone."""
        rights = []
        if descriptor >= 0:
            rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptor.to_bytes(4, sys.byteorder))]
        self._socket.sendmsg([marshal.dumps(message)], rights, _socket.MSG_NOSIGNAL)

    def receive(self) -> tuple[tuple[Any, ...] | None, int]:
        """The next message and the descriptor that came with it, or -1. None when the other side is closed."""
        try:
            data, rights, _, _ = self._socket.recvmsg(_LONGEST, 64, _socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError:
            return None, -1
        descriptor = -1
        for level, kind, content in rights:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                descriptor = int.from_bytes(content[:4], sys.byteorder)
        return (marshal.loads(data) if data else None), descriptor

    def close(self) -> None:
        self._socket.close()


def listen(place: str) -> _socket.socket:
    """A gate: the socket of that path, at which a waiting process is found when its parent has left. Paths are no
    longer than 107 bytes (unix(7)); /proc/self/fd/N/NAME is one for every folder."""
    gate = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC, 0)
    gate.bind(place)
    gate.listen(1)
    return gate


def knock(place: str) -> Channel:
    """The parent's end, from the other side of a gate. OSError: nobody waits there."""
    end = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC, 0)
    try:
        end.connect(place)
    except OSError:
        end.close()
        raise
    return Channel(end)


def answer(gate: int) -> Channel:
    """The child's end, once somebody knocks."""
    listening: Any = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, gate)
    descriptor, _ = listening._accept()
    listening.close()
    return Channel(_socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, descriptor))


def pair() -> tuple[Channel, Channel]:
    """(the parent's end, the child's end), both close-on-exec."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC, 0)
    return Channel(ours), Channel(theirs)
