"""The container's program: found, waited for, and executed."""

from __future__ import annotations

import _signal
import errno
import os
import stat

from arch import constants, kernel
from backends.errors import ProgramNotExecutable, ProgramNotFound, StepFailed
from backends.execution.channel import GO, LEFT, WAITING, answer
from backends.execution.steps.step import Context, Step

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SIGKILL = 9
_ENDING = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM)
_CAP_DAC_OVERRIDE = 1
_NUMBERS = range(1, 65)
# The C library keeps these to itself, and its posix_spawn leaves the first ignored in what it starts: us.
_RESERVED = (32, 33)
_DEFAULT_ACTION = bytes(64)  # a struct sigaction of zeros; no machine has a longer one
_SIGNAL_SET = 8
_HEAD = 256  # of a file: what the kernel itself looks at, BINPRM_BUF_SIZE
_MOST_FILES = 6  # a script, and interpreters that are scripts: more of them the kernel refuses, exec_binprm
_RESOLVE_NO_MAGICLINKS = 0x02


class FindProgram(Step):
    """process.args[0], by process.env's PATH, as the container's user, in the container's root."""

    __slots__ = ("arguments", "search", "uid")

    def __init__(self, arguments: list[str], search: str | None, uid: int) -> None:
        self.arguments = arguments
        self.uid = uid
        self.search = _DEFAULT_PATH if search is None else search

    def describe(self) -> str:
        return f"find {self.arguments[0]}"

    def execute(self, context: Context) -> None:
        context.program = self._find()
        inspect(context)

    def _find(self) -> str:
        name = self.arguments[0]
        candidates = [name] if "/" in name else [f"{folder or '.'}/{name}" for folder in self.search.split(":")]
        refused = ""
        for candidate in candidates if name else ():
            try:
                found = os.stat(candidate)
            except PermissionError:
                refused = candidate
                continue
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode) and (os.access(candidate, os.X_OK) or _overrides(found.st_mode)):
                return candidate
            refused = candidate
        if refused:
            raise ProgramNotExecutable(
                self.describe(),
                f"{refused} is not executable",
                errno.EACCES,
                "it is a folder, or has no execute permission for this user, or lies on a noexec mount",
            )
        where = name if "/" in name else f"{name} in PATH={self.search}"
        raise ProgramNotFound(
            self.describe(), f"there is no {where}", errno.ENOENT, "the command is looked for inside the container"
        )


def inspect(context: Context) -> None:
    """Notes the program's first bytes, for what to say if it is not executed. A container that executes our own
    interpreter, by a link or a script that names /proc/self/exe, holds a handle on the host's file (CVE-2019-5736)."""
    path, step = context.program, f"execute {context.program}"
    context.head = b""
    for number in range(_MOST_FILES):
        if _leads_out(context, path):
            raise ProgramNotExecutable(step, f"{path} leads out of the container", errno.EPERM)
        try:
            head = _head(path)
        except PermissionError:
            if number or os.geteuid() == 0:  # what root may not read, but execute, has no good reason
                raise ProgramNotExecutable(step, f"{path} cannot be read", errno.EACCES) from None
            _hold(context)
            return
        context.head = context.head or head
        if not head.startswith(b"#!"):
            return
        words = head[2:].split(b"\n", 1)[0].split()
        path = os.fsdecode(words[0]) if words else "/nonexistent"
        if not os.path.exists(path):
            return


def _leads_out(context: Context, path: str) -> bool:
    """The same file may well be in the container, by a mount of its own; by a magic link it is the host's."""
    found = os.stat(path)
    if (found.st_dev, found.st_ino) != context.interpreter:
        return False
    try:
        descriptor = kernel.openat2(constants.AT_FDCWD, path, os.O_PATH | os.O_CLOEXEC, resolve=_RESOLVE_NO_MAGICLINKS)
    except OSError:
        return True
    found = os.fstat(descriptor)
    os.close(descriptor)
    return (found.st_dev, found.st_ino) != context.interpreter


def _head(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(descriptor, _HEAD)
    finally:
        os.close(descriptor)


def _hold(context: Context) -> None:
    """A program that its user may execute and not read, as sudo is: it could be a script that leads out. Executed by
    way of a folder that closes on exec it can be no script: execve(2), ENOENT."""
    folder, name = os.path.split(os.path.realpath(context.program))
    if context.folder >= 0:
        os.close(context.folder)
    context.folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    context.name = name


def _overrides(mode: int) -> bool:
    """access(2) knows capabilities of root's only; who has CAP_DAC_OVERRIDE executes what anybody may execute."""
    return bool(mode & 0o111) and bool(kernel.capget()[0] >> _CAP_DAC_OVERRIDE & 1)


class AwaitStart(Step):
    """Everything is in force; the parent says when, or leaves, and whoever knocks at the gate then says it."""

    __slots__ = ()

    def describe(self) -> str:
        return "wait until the container is started"

    def execute(self, context: Context) -> None:
        if context.gate >= 0:  # it may outlive its parent, who says LEFT first
            kernel.set_parent_death_signal(0)
        context.channel.send(WAITING)
        message, _ = context.channel.receive()
        if message == (LEFT,):
            context.channel.close()
            _let_end()
            context.channel = answer(context.gate)
            message, _ = context.channel.receive()
        if message != (GO,):
            os._exit(1)  # the parent is gone, or gave it up
        try:
            inspect(context)  # it may have become another one meanwhile
        except OSError:
            return  # gone, or not to be looked at: its execution tells


def _let_end() -> None:
    """Who waits to be started ends by what ends programs, though the first of a PID namespace ignores it by default."""
    for number in _ENDING:
        _signal.signal(number, lambda number, frame: os._exit(128 + number))
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _ENDING)


class Ready(Step):
    """Signals as a program expects them: Python ignores SIGPIPE and SIGXFSZ, and all are blocked in the child."""

    __slots__ = ("die_with_parent",)

    def __init__(self, die_with_parent: bool) -> None:
        self.die_with_parent = die_with_parent

    def describe(self) -> str:
        return "restore signals" + (", and die with the parent" if self.die_with_parent else "")

    def execute(self, context: Context) -> None:
        kernel.set_dumpable(False)
        kernel.set_parent_death_signal(_SIGKILL if self.die_with_parent else 0)
        restore_signals()


def restore_signals() -> None:
    for number in _NUMBERS:
        try:
            if _signal.getsignal(number) != _signal.SIG_DFL:
                _signal.signal(number, _signal.SIG_DFL)
        except (OSError, ValueError):  # SIGKILL, SIGSTOP and the C library's own
            continue
    for number in _RESERVED:
        kernel.syscall("rt_sigaction", number, kernel.address(_DEFAULT_ACTION), None, _SIGNAL_SET)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


class Execute(Step):
    __slots__ = ("arguments", "text", "variables")

    def __init__(self, arguments: list[str], variables: dict[str, str]) -> None:
        self.text = " ".join(arguments)
        self.arguments = [os.fsencode(argument) for argument in arguments]
        self.variables = variables  # which steps before this one may add to

    def describe(self) -> str:
        return f"execute {self.text}"

    def execute(self, context: Context) -> None:
        try:
            if context.folder >= 0:
                flags = constants.AT_SYMLINK_NOFOLLOW
                kernel.execveat(context.folder, context.name, self.arguments, self.variables, flags)
            os.execve(context.program, self.arguments, self.variables)
        except OSError as error:
            raise refusal(self.describe(), context.program, error, context.head) from None


def refusal(step: str, program: str, error: OSError, head: bytes = b"") -> StepFailed:
    """The file, with those bytes at its head, is there: then ENOENT is about what it needs."""
    text = f"{program}: {error.strerror}"
    if error.errno == errno.ENOENT:
        words = head[2:].split(b"\n", 1)[0].split() if head.startswith(b"#!") else []
        needed = f"interpreter {os.fsdecode(words[0])}" if words else "interpreter (#! line, or ELF loader)"
        return ProgramNotFound(step, text, errno.ENOENT, f"the file is there, but its {needed} is not")
    hint = ""
    if error.errno == errno.ENOEXEC:
        hint = "it is for another architecture, or a script without a #! line"
    return ProgramNotExecutable(step, text, error.errno or 0, hint)
