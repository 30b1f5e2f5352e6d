"""`runtime mask`: any command behind a mask, see backends/security/mask.py. On the kernel that is there, everything
younger than the one that is named fails as it would there; so does our own looking at the host."""

from __future__ import annotations

import os

from runtime.cli.declaration import Argument, Declaration, Flag
from runtime.errors import InvalidInput, Problem, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.security.mask import Hidden


class UnmaskableKernel(Problem):
    usual_hint = "seccomp filters need Linux 3.5; nor can they be had behind a mask of something older"


def version(text: str, flag: str) -> tuple[int, ...]:
    """3.10 as (3, 10), 2.6.32 as (2, 6, 32)."""
    parts = text.split(".")
    wanted = 3 if parts[0] == "2" else 2
    if len(parts) != wanted or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise InvalidInput(f"{flag}: {text!r} is not the version of a kernel", "such as 2.6.32, 3.10 or 5.4")
    return tuple(map(int, parts))


def _mask(
    words: tuple[str, ...], kernel: tuple[int, ...], call: tuple[str, ...], errno: str, keep: tuple[str, ...]
) -> int:
    from backends.security.mask import Hidden

    if not kernel and not call:
        raise InvalidInput("nothing is to be hidden", "--kernel VERSION hides what is younger, --call NAME one call")
    _wear(Hidden(kernel, call, errno, keep))
    try:
        os.execvp(words[0], words)
    except FileNotFoundError as error:
        raise _unusable(f"{words[0]} is not to be found", 127) from error
    except OSError as error:
        raise _unusable(f"{words[0]} cannot be executed: {error.strerror}", 126) from error


def _unusable(message: str, status: int) -> Problem:
    problem = Problem(message)
    problem.exit_code = status
    return problem


def _wear(hidden: Hidden) -> None:
    from backends.security.mask import wear

    try:
        wear(hidden)
    except OSError as error:
        raise UnmaskableKernel(str(explain(error, "put a mask on"))) from error


command = Declaration(
    "mask",
    _mask,
    "Run COMMAND, and all that it starts, as if on an older kernel, or in a sandbox that refuses calls. Nothing else "
    "is changed: what is seen in /proc and by `uname` stays, and so do file systems and what lies behind pointers.",
    (Argument("words", "COMMAND [ARG]...", many=True),),
    (
        Flag("--kernel", metavar="VERSION", default=(), convert=version,
             help="Hide all calls, flags and options that are younger than this kernel, such as 2.6.32 or 3.10."),
        Flag("--call", metavar="NAME", many=True, help="Hide this system call, whatever its age."),
        Flag("--keep", metavar="NAME", many=True,
             help="Leave this system call as it is, although it is younger: this machine's libc may need it."),
        Flag("--errno", metavar="NAME", default="ENOSYS",
             help="What hidden calls answer; EPERM is what old sandboxes say. ENOSYS otherwise."),
    ),
    apart=True,
)  # fmt: skip
