"""The parent's side of a start: answers the child, and on any failure leaves nothing of it. On the launch path."""

from __future__ import annotations

import errno
import os

from backends.contract import Stdio
from backends.errors import ProgramNotExecutable, ProgramNotFound, StepFailed
from backends.execution import child
from backends.execution.channel import BORN, CONSOLE, DONE, FAILED, GO, LEFT, LISTENER, PERFORM, WAITING, Channel, pair
from backends.execution.steps.restriction import Filter
from backends.execution.steps.step import INIT, Context, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Cgroup

_SIGKILL = 9
_OWN_PROGRAM = "/proc/self/exe"


def begin(
    steps: list[Step], stdio: Stdio, cgroup: Cgroup | None, gate: int = -1, kind: type[Labour] | None = None
) -> Labour:
    """Executes the first of the steps, which begets the child that executes the others. StepFailed."""
    ours, theirs = pair()
    context = Context(steps, stdio, cgroup, theirs, _identity(_OWN_PROGRAM))
    context.gate = gate
    try:
        steps[0].execute(context)
    except OSError as error:
        ours.close()
        raise child.failure(steps[0].describe(), error) from error
    finally:
        theirs.close()
    context.channel = ours
    labour = (kind or Labour)(context)
    for step in steps:
        if isinstance(step, Filter):
            labour.listener = step.listener
    return labour


def resume(channel: Channel, pid: int, after: list[Step], listener: Any = None) -> Labour:
    """The start of a process that waits at its gate; `channel` is our end of what was said there."""
    labour = Labour(Context([], Stdio(-1, -1, -1), None, channel, _identity(_OWN_PROGRAM)))
    labour.context.pid = pid
    labour.after = after
    labour.listener = listener
    return labour


class Labour:
    """One start, as the parent sees it.

    `helpers` are intermediate children still to be reaped; `after` the steps once the program runs; `listener` is whom
    seccomp's notifications are for.
    """

    __slots__ = ("after", "console", "context", "helpers", "listener")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.console = -1
        self.helpers: list[int] = []
        self.after: list[Step] = []
        self.listener: Any = None

    def attend(self) -> bool:
        """Until the child waits (True) or has executed its program (False). StepFailed, with the child reaped."""
        try:
            while True:
                message, descriptor = self.context.channel.receive()
                if message is None:
                    return self._ended()
                if message[0] == WAITING:
                    return True
                self._answer(message, descriptor)
        except BaseException:
            self.abort()
            raise

    def create(self) -> None:
        """Until the child waits."""
        if not self.attend():
            self._raise_silent("create the container")
        self.reap_helpers()

    def leave(self) -> None:
        """The waiting child goes on waiting, at its gate, for whoever comes there."""
        try:
            self.context.channel.send(LEFT)
        except OSError:
            self._raise_silent("create the container")
        self.context.channel.close()

    def go(self) -> None:
        """Lets a waiting child execute its program, and waits until it has."""
        try:
            self.context.channel.send(GO)
        except OSError:
            self._raise_silent("start the container")
        self.attend()
        self.context.channel.close()
        for step in self.after:
            self._perform(step)

    def _raise_silent(self, what: str) -> None:
        self.abort()
        raise StepFailed(
            what, f"cannot {what}: its process died without a word", 0, "the kernel's log may tell who killed it"
        )

    def _answer(self, message: tuple[Any, ...], descriptor: int) -> None:
        if message[0] == PERFORM:
            self._perform(self.context.steps[message[1]])
            self._hand_over()
        elif message[0] == BORN:
            self.helpers.append(self.context.pid)
            self.context.pid = message[1]
            self.context.channel.send(DONE)
        elif message[0] == CONSOLE:
            self.console = descriptor
        elif message[0] == LISTENER:
            try:
                self.listener.tell(self.context.pid, descriptor)
            finally:
                os.close(descriptor)
            self.context.channel.send(DONE)
        elif message[0] == FAILED:
            raise revived(*message[1:])

    def _hand_over(self) -> None:
        """With the answer goes what the step made for the child."""
        handed, self.context.handed = self.context.handed, -1
        self.context.channel.send(DONE, descriptor=handed)
        if handed >= 0:
            os.close(handed)

    def _perform(self, step: Step) -> None:
        try:
            step.execute(self.context)
        except OSError as error:
            raise child.failure(step.describe(), error) from error

    def _ended(self) -> bool:
        """The channel closed: by the exec, or because the child died without a word."""
        self.reap_helpers()
        if any(executes(pid, self.context.interpreter) for pid in self._programs()):
            self._stop_all()
        return False

    def _programs(self) -> list[int]:
        """Who executes the program by now: the process, or, where that is an init of ours, what it has begotten."""
        if any(step.place == INIT for step in self.context.steps):
            return children(self.context.pid)
        return [self.context.pid]

    def _stop_all(self) -> None:
        """Somebody in the container was quicker than FindProgram (CVE-2019-5736). As long as we run, nobody can write
        to our interpreter: whoever may hold it open is ended before we end."""
        if self.context.pid > 0:
            os.kill(self.context.pid, _SIGKILL)
        if self.context.cgroup is not None:
            self.context.cgroup.kill()
        raise ProgramNotExecutable(
            "execute the program",
            "the container executed the host's interpreter by way of /proc: all of its processes were ended",
            errno.EPERM,
            "its files are changed by somebody who attacks this host: look into it before it is started again",
        )

    def reap_helpers(self) -> None:
        while self.helpers:
            reap(self.helpers.pop())

    def abort(self) -> None:
        """Kills and reaps whatever was begotten; its namespaces, and all that was mounted in them, go with it."""
        self.context.channel.close()
        for pid in (*self.helpers, self.context.pid):
            if pid > 0:
                try:
                    os.kill(pid, _SIGKILL)
                except ProcessLookupError:
                    continue
                reap(pid)
        self.helpers.clear()
        if self.console >= 0:
            os.close(self.console)
            self.console = -1


def reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def revived(kind: str, step: str, number: int, message: str, hint: str, head: bytes) -> StepFailed:
    """The child's error, raised again here."""
    if kind == child.NOT_FOUND:
        return ProgramNotFound(step, message, number, hint)
    if kind == child.NOT_EXECUTABLE:
        from backends.execution.namespaces.mismatch import architecture_hint  # only an error comes here

        return ProgramNotExecutable(step, message, number, architecture_hint(head) or hint)
    return StepFailed(step, message, number, hint)


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def executes(pid: int, interpreter: tuple[int, int]) -> bool:
    """Whether that process executes our interpreter, by the mount that we have it from: the same file may well be in a
    container, by a mount of its own."""
    program = f"/proc/{pid}/exe"
    try:
        return _identity(program) == interpreter and _mount_of(program) == _mount_of(_OWN_PROGRAM)
    except OSError:  # it has ended, or is not ours to look at
        return False


def _mount_of(path: str) -> str:
    """proc(5), /proc/PID/fdinfo: Linux 3.15; before, nothing, so that all mounts are one."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as stream:
            return next((line for line in stream if line.startswith("mnt_id:")), "")
    finally:
        os.close(descriptor)


def children(pid: int) -> list[int]:
    """Those whose end is told by a signal, proc(5), fields 4 and 38 of stat: a resident's is not."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb", 0) as stream:
                fields = stream.read().rpartition(b")")[2].split()
        except OSError:  # it has ended
            continue
        if fields[1] == b"%d" % pid and fields[35] != b"0":
            found.append(int(name))
    return found


def start_time(pid: int) -> int:
    """Field 22 of /proc/PID/stat; the second field is in parentheses and may hold anything. ProcessLookupError."""
    try:
        with open(f"/proc/{pid}/stat", "rb", 0) as stream:
            text = stream.read()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(3, "No such process", str(pid)) from None
    return int(text[text.rindex(b")") + 2 :].split()[19])
