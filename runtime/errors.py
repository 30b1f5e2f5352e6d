"""Errors of this room: everything the front ends show to a person is a `Problem`.

On the launch path. A message says what happened and why; `hint` says what to do; only the CLI, `runtime-oci` and the
API decide how an error looks.
"""

from __future__ import annotations

import errno


class Problem(Exception):
    """Root of what this program tells its user. `exit_code` as users of docker know them: 125 is our fault;
    `usual_hint` is what to do where whoever raises it knows no better."""

    exit_code = 125
    usual_hint = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.usual_hint


class InvalidInput(Problem):
    """What the user gave cannot be understood, or contradicts itself."""


class NotFound(Problem):
    """The thing named does not exist."""


class UnknownImage(NotFound):
    pass


class UnknownContainer(NotFound):
    pass


class UnknownVolume(NotFound):
    pass


class Ambiguous(InvalidInput):
    """A short identifier that fits more than one thing."""


class Conflict(Problem):
    """It cannot be done in the present state: the name is taken, the image is in use, the container runs."""


class NameTaken(Conflict):
    pass


class InUse(Conflict):
    pass


class WrongState(Conflict):
    """A container is not in a state in which this can be done."""


class Damaged(Problem):
    """Something on disk or in an archive is not what it claims to be."""

    usual_hint = "get it once more from where it came from"


class TooLarge(Damaged):
    """Something on disk or in an archive is past a limit that no honest one reaches."""

    usual_hint = "do not use it, or have it made in another way"


class Unsupported(Problem):
    """Well-formed, but this program or this host cannot do it."""


class MissingProgram(Unsupported):
    """A program is needed that is not installed; the hint names its package."""


class MissingRights(Problem):
    """The kernel or the file system refuses for lack of rights."""


class NoSpace(Problem):
    """The disk, or the user's share of it, is full."""


class CommandNotFound(Problem):
    exit_code = 127


class CommandNotExecutable(Problem):
    exit_code = 126


_KINDS: dict[int, tuple[type[Problem], str]] = {
    errno.ENOENT: (NotFound, "check how it is written, and whether it is there"),
    errno.ENOTDIR: (NotFound, "check how it is written: a part of the path is no folder"),
    errno.EISDIR: (InvalidInput, "it is a folder: name a file"),
    errno.ENOSPC: (NoSpace, "free some room on that file system, or give another place with --root"),
    errno.EDQUOT: (NoSpace, "the quota is used up: free some room, or give another place with --root"),
    errno.EACCES: (MissingRights, "run it as root, or give a place that you may write to with --root"),
    errno.EPERM: (MissingRights, "run it as root"),
    errno.EROFS: (MissingRights, "that file system is read-only: give another place with --root"),
}


def explain(error: OSError, what: str) -> Problem:
    """The Problem that stands for a refusal of the kernel's while doing `what` ("write /x/y"), its errno named."""
    number = error.errno or 0
    kind, hint = _KINDS.get(number, (Problem, ""))
    name = errno.errorcode.get(number, "")
    reason = error.strerror or str(error)
    where = f" ({error.filename})" if isinstance(error.filename, str) and error.filename not in what else ""
    return kind(f"cannot {what}{where}: {reason}{f' ({name})' if name else ''}", hint)
