"""Seccomp's notifications: a filter with a listener, and its handing over to the agent that will answer.

runtime-spec, config-linux.md, "The Container Process State". Off the launch path: only SCMP_ACT_NOTIFY leads here.
"""

from __future__ import annotations

import _socket
import errno
import os
import sys

from arch import kernel
from backends.errors import StepFailed
from backends.execution.channel import LISTENER
from backends.execution.steps.restriction import Filter
from backends.execution.steps.step import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "seccompFd"
_TOLD = "hand the filter's listener over to the seccomp agent"


class Listener:
    """Whom to tell: linux.seccomp.listenerPath, listenerMetadata, and the container's state (without a pid: its first
    process is the one that is filtered)."""

    __slots__ = ("metadata", "path", "state")

    def __init__(self, path: str, metadata: str, state: dict[str, Any]) -> None:
        self.path = path
        self.metadata = metadata
        self.state = state

    def document(self, pid: int) -> dict[str, Any]:
        state = {"pid": pid, **self.state}
        told = {"ociVersion": state["ociVersion"], "fds": [_NAME], "pid": pid, "state": state}
        return {**told, "metadata": self.metadata} if self.metadata else told

    def tell(self, pid: int, descriptor: int) -> None:
        """StepFailed: nobody listens there."""
        import json  # in the parent only, where it takes no container's time

        content = json.dumps(self.document(pid)).encode()
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptor.to_bytes(4, sys.byteorder))]
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC, 0)
        try:
            connection.connect(self.path)
            sent = connection.sendmsg([content], rights, _socket.MSG_NOSIGNAL)
            if sent < len(content):
                connection.sendall(content[sent:], _socket.MSG_NOSIGNAL)
        except OSError as error:
            raise StepFailed(
                _TOLD,
                f"failed to connect with seccomp agent {self.path}: {error.strerror}",
                error.errno or 0,
                "start the agent that linux.seccomp.listenerPath names first",
            ) from error
        finally:
            connection.close()


class ListenedFilter(Filter):
    """Between the filter and the answer of the parent, no call of ours may be one that the agent has to answer: sendmsg
    and write are refused in the profile, all others happen when the parent has the listener already."""

    __slots__ = ()

    def describe(self) -> str:
        return f"{super().describe()}, and tell the agent at {self.listener.path}"

    def execute(self, context: Context) -> None:
        if not self.program:
            super().execute(context)
        try:
            listener = kernel.seccomp_filter(self.program, self.flags | kernel.SECCOMP_FILTER_FLAG_NEW_LISTENER)
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise StepFailed(
                    self.describe(),
                    f"cannot {self.describe()}: another filter with a listener is in force already",
                    errno.EBUSY,
                    "whoever runs this has its system calls answered by an agent: one is all that the kernel allows",
                ) from None
            raise
        context.channel.send(LISTENER, descriptor=listener)
        os.close(listener)
        self.told(context)

    def told(self, context: Context) -> None:
        message, _ = context.channel.receive()
        if message is None:
            os._exit(1)  # the parent is gone, or has failed and knows why


def listener_of(seccomp: dict[str, Any], state: dict[str, Any]) -> Listener:
    return Listener(seccomp["listenerPath"], seccomp.get("listenerMetadata") or "", state)
