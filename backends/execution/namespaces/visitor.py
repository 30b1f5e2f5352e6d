"""A program that a container's resident lets in: what is said of it, and its steps, on both sides of the socket.

Nothing can be imported any more where the root is another: what the steps of a visitor may need is imported here.
"""

from __future__ import annotations

import _socket
import array
import errno
import fcntl
import marshal
import os

from backends.contract import Stdio
from backends.errors import StepFailed
from backends.execution import child, lists, personality, schedules
from backends.execution.channel import BORN, Channel
from backends.execution.configuration import items, section
from backends.execution.processes import Process, filter_of
from backends.execution.steps import capability, home, limit, mempolicy, notify, oom, terminal
from backends.execution.steps.secrecy import Conceal
from backends.execution.steps.step import Context, Step
from backends.execution.steps.stream import NewSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle
    from probes.report import HostReport

NEEDED = (capability, home, lists, limit, mempolicy, notify, oom, personality, schedules, terminal)
_PART = 1 << 15  # bytes of a message, of 200 KiB that a socket takes
_MOST = 64  # descriptors
_FIXED = 5  # of them: standard input, output and error, the channel, the caller's /proc


class Wish:
    """What is let in: an OCI `process`, the compiled filter, how many descriptors more it gets, the container's state
    for an agent, and whether its terminal is plain."""

    __slots__ = ("plain", "preserved", "process", "seccomp", "state")

    def __init__(
        self, process: dict[str, Any], seccomp: bytes | None, preserved: int, state: dict[str, Any] | None, plain: bool
    ) -> None:
        self.process = process
        self.seccomp = seccomp
        self.preserved = preserved
        self.state = state
        self.plain = plain

    def said(self) -> bytes:
        return marshal.dumps((self.process, self.seccomp, self.preserved, self.state, self.plain))


def visitor_steps(wish: Wish, bundle: Bundle, report: HostReport) -> list[Step]:
    """All but the birth. The cgroup, the root and the namespaces are the resident's."""
    linux = section(bundle, "linux", "linux")
    user_namespace = any(entry.get("type") == "user" for entry in items(linux, "namespaces", "linux.namespaces", dict))
    process = Process(wish.process, report, user_namespace)
    program = filter_of(linux, wish.seccomp, report, wish.state)
    steps: list[Step] = [*process.early(linux, entering=True), Conceal(), NewSession()]
    if section(linux, "personality", "linux.personality"):
        steps.append(personality.step_of(linux))
    if process.terminal:
        steps.append(terminal.OpenTerminal(process.uid, *process.size(), console=False))
    steps += process.late(program, wish.preserved)
    return [*steps, *process.last(program, die_with_parent=True)]


def ask(connection: _socket.socket, wish: Wish, descriptors: list[int]) -> None:
    """Says it to the resident, with its descriptors in the first message. OSError."""
    content = wish.said()
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", descriptors).tobytes())]
    connection.sendmsg([b"%d" % len(content)], rights, _socket.MSG_NOSIGNAL)
    for start in range(0, len(content), _PART):
        connection.sendmsg([content[start : start + _PART]], (), _socket.MSG_NOSIGNAL)


def heard(connection: _socket.socket, descriptors: list[int]) -> bytes:
    """The resident's side: the wish, and its descriptors into that list. OSError, ValueError."""
    size, rights, _, _ = connection.recvmsg(64, _socket.CMSG_SPACE(4 * _MOST), _socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in rights:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            received = array.array("i")
            received.frombytes(content[: len(content) // 4 * 4])
            descriptors += received
    content, wanted = b"", int(size)
    while len(content) < wanted:
        part = connection.recv(_PART)
        if not part:
            raise ConnectionResetError(errno.ECONNRESET, "it has left in the middle of its words")
        content += part
    return content


def tell(connection: _socket.socket, status: int) -> None:
    """A program's wait status to its keeper."""
    try:
        connection.sendmsg([b"%d" % status], (), _socket.MSG_NOSIGNAL)
    except OSError:
        return  # it has ended before


def enter(
    request: bytes, descriptors: list[int], bundle: Bundle, report: HostReport, interpreter: tuple[int, int]
) -> None:
    """In a child of the resident's, with all signals blocked. Never returns."""
    wish = Wish(*marshal.loads(request))
    first_free = 3 + wish.preserved
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, first_free) for descriptor in descriptors]
    stdin, stdout, stderr, channel, proc = moved[:_FIXED]
    for number, descriptor in enumerate(moved[_FIXED:]):
        os.dup2(descriptor, 3 + number)
    end = Channel(_socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, channel))
    context = Context([], Stdio(stdin, stdout, stderr, wish.plain), None, end, interpreter)

    def live() -> None:
        pid = int(os.readlink("self", dir_fd=proc))  # in the caller's PID namespace, whose /proc that is
        child.prepare(context, wish.preserved)
        end.send(BORN, pid)
        child.await_answer(context)
        context.steps = [_Begotten(), *visitor_steps(wish, bundle, report)]
        child.run(context, 1)

    child.guard(context, live)


class _Begotten(Step):
    """In the place of the birth, so that both sides count alike."""

    __slots__ = ()

    def describe(self) -> str:
        return "be begotten"

    def execute(self, context: Context) -> None:
        raise StepFailed(self.describe(), "it is done already")
