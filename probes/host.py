"""The one seam through which this program looks at a host.

Nothing else in the code reads /proc to learn what a host is like, asks for a version, or tries a call "to see".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class Output:
    """What a program answered. `status` is its exit status, or -1 when it did not end in time."""

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, status: int, stdout: str, stderr: str) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class Trial:
    """One kernel operation to attempt: a name of `probes.trial.TRIALS` and its arguments.

    A value, so that a recording can note it and a replay can answer it without running anything.
    """

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        self.arguments = arguments

    @property
    def key(self) -> str:
        return " ".join((self.name, *self.arguments))


class Outcome:
    """How a trial went. `errno` is the failing call's number as a name ("EPERM"), empty when `ok`.

    `call` is the operation that failed ("unshare(CLONE_NEWUSER)"), `detail` what the trial saw besides; `timeout` when
    the child had to be ended.
    """

    __slots__ = ("call", "detail", "errno", "ok", "timeout")

    def __init__(self, ok: bool, errno: str = "", call: str = "", detail: str = "", timeout: bool = False) -> None:
        self.ok = ok
        self.errno = errno
        self.call = call
        self.detail = detail
        self.timeout = timeout


class Host(Protocol):
    """A host: this one (`probes.live`), one being recorded (`probes.recording`), one replayed (`probes.snapshot`)."""

    def read(self, path: str) -> str:
        """The text of a file; OSError as the real one would raise it."""
        raise NotImplementedError

    def names(self, folder: str) -> tuple[str, ...]:
        """The sorted names in a folder; OSError."""
        raise NotImplementedError

    def filesystem(self, path: str) -> int:
        """statfs(2)'s f_type of the file system that holds `path`; OSError."""
        raise NotImplementedError

    def link(self, path: str) -> str:
        """The target of a symbolic link; OSError."""
        raise NotImplementedError

    def program(self, name: str) -> str | None:
        """The full path of a program on PATH and the sbin folders, or None."""
        raise NotImplementedError

    def output(self, *command: str) -> Output:
        """Runs a program with a time limit, no standard input, and LC_ALL=C."""
        raise NotImplementedError

    def attempt(self, trial: Trial) -> Outcome:
        """Attempts a trial in a forked, timed child that leaves nothing behind."""
        raise NotImplementedError

    def facts(self) -> dict[str, str]:
        """uname and the like: sysname, release, version, machine, bits (of this process), page_size, personality,
        executable (the interpreter), euid, egid, emulator (the program that runs us, as qemu-user does; or empty)."""
        raise NotImplementedError
