"""The master of a container's terminal: handed to an engine. On the launch path."""

from __future__ import annotations

import _socket
import os
import sys

from backends.contract import Stdio
from runtime.oci.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check(process: dict[str, Any], socket: str, foreground: bool) -> None:
    """Refused where a terminal has nobody to go to, and where nobody has what is asked for."""
    if process.get("terminal") and not socket and not foreground:
        raise Refused("cannot allocate tty if runtime-oci will detach without setting console socket")
    if socket and not process.get("terminal"):
        raise Refused("cannot use console socket if runtime-oci will not detach or allocate tty")


def stdio(foreground: bool) -> Stdio:
    """Ours. A terminal in the foreground is moved through ours: its carriage returns are for a screen alone."""
    return Stdio(0, 1, 2, plain=foreground and not os.isatty(1))


def hand_over(path: str, master: int) -> None:
    """The master is closed then. OSError."""
    _send(path, b"/dev/ptmx", master)


def hand_over_pidfd(path: str, pid: int) -> None:
    """OSError"""
    from arch import kernel

    _send(path, b"pidfd", kernel.pidfd_open(pid))


def _send(path: str, name: bytes, descriptor: int) -> None:
    """One message with the descriptor, as runc sends it, which is closed then."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC, 0)
    try:
        connection.connect(path)
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptor.to_bytes(4, sys.byteorder))]
        connection.sendmsg([name], rights)
    except OSError as error:
        error.filename = path
        raise
    finally:
        connection.close()
        os.close(descriptor)
