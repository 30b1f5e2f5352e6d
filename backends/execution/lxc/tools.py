"""Running lxc's programs. On the launch path."""

from __future__ import annotations

import _signal
import fcntl
import os
import struct
import termios
import time

from arch import kernel
from backends.errors import StepFailed
from backends.execution.lxc import journal
from backends.execution.steps.program import restore_signals
from backends.execution.steps.stream import close_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import Stdio

_SIGKILL = 9
_F_ADD_SEALS, _ALL_SEALS = 1033, 15  # fcntl(2)
_TIOCSCTTY = 0x540E
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOG = "log"
_PAUSE = 0.001


def find(tool: str) -> str:
    """StepFailed where it is not installed."""
    for folder in _PATH.split(":"):
        if os.access(f"{folder}/{tool}", os.X_OK):
            return f"{folder}/{tool}"
    raise StepFailed(f"run {tool}", f"there is no {tool} in {_PATH}", 2, "install the package lxc")


def begin(
    container: str, folder: str, arguments: list[str], lead: bytes, stdio: Stdio, terminal: tuple[int, int], die: bool
) -> int:
    """lxc-start in the foreground, as our child; its pid. `terminal`: the slave of one for it, and a pipe for
    arch.lead, a program that comes before the container's then; or twice -1."""
    program = find("lxc-start")
    words = [
        program,
        "-n",
        container,
        "-P",
        folder,
        "-f",
        f"{folder}/{container}/config",
        "-F",
        "-q",
        "-o",
        f"{folder}/{LOG}",
    ]
    words += ["-l", journal.LEVEL, "--", *arguments]
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
    pid = kernel.clone(0)
    if pid == 0:
        try:
            _become(program, words, lead, stdio, *terminal, die)
        finally:
            os._exit(125)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)
    return pid


def _become(program: str, words: list[str], lead: bytes, stdio: Stdio, terminal: int, pipe: int, die: bool) -> None:
    """Nothing of ours stays open: lxc-start hands on to the container what it was given."""
    os.setsid()
    streams = [stdio.stdin, stdio.stdout, stdio.stderr] if terminal < 0 else [terminal] * 3
    if lead:
        streams += [_in_memory(lead), pipe]
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, len(streams)) for descriptor in streams]
    for number, descriptor in enumerate(copies):
        os.dup2(descriptor, number)
    close_others(set(range(len(streams))))
    if terminal >= 0:
        fcntl.ioctl(0, _TIOCSCTTY, 0)
    if die:
        kernel.set_parent_death_signal(_SIGKILL)
    os.umask(0o022)
    os.chdir("/")
    restore_signals()
    os.execve(program, words, {"PATH": _PATH})


def _in_memory(program: bytes) -> int:
    """An executable file that cannot be written any more, whoever has it (Linux 3.17)."""
    descriptor = os.memfd_create("lead", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, program)
    os.fchmod(descriptor, 0o555)
    fcntl.fcntl(descriptor, _F_ADD_SEALS, _ALL_SEALS)
    return descriptor


def terminal(rows: int, columns: int) -> tuple[int, int]:
    """(master, slave) of a terminal between lxc-start and us."""
    master, slave = os.openpty()
    pass_on(master)
    if rows or columns:
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return master, slave


def await_settings(terminal: int, patience: float) -> None:
    """Until lxc-start has set its terminal as it likes it, or the patience ends: then it does not."""
    until = time.monotonic() + patience
    while not termios.tcgetattr(terminal)[1] & termios.OPOST and time.monotonic() < until:
        time.sleep(_PAUSE)


def pass_on(terminal: int) -> None:
    """Has it change nothing of what passes: the container's own, which lxc makes, does. lxc-start sets it otherwise."""
    attributes = termios.tcgetattr(terminal)
    attributes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.ISTRIP)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def stop(container: str, folder: str) -> None:
    """lxc-stop -k: all of the container's processes, and lxc-start with them."""
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0)
    actions = [null, (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    words = ["lxc-stop", "-n", container, "-P", folder, "-k", "-q"]
    pid = os.posix_spawn(find("lxc-stop"), words, {"PATH": _PATH}, file_actions=actions)
    os.waitpid(pid, 0)
