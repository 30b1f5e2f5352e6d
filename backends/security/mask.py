"""The kernel as if it were older, or an outer sandbox narrower: a seccomp filter that hides calls from a whole tree of
processes, so that what stands in for them is tried on a kernel that has them.

A mask is an ordinary profile, compiled as any container's. It allows whatever it does not name, so that what comes
later (a container's own filter) works below it as anywhere.
"""

from __future__ import annotations

import binascii
import errno as numbers

from arch import kernel, syscalls
from arch.constants import PR_SET_SECCOMP, SECCOMP_MODE_FILTER
from arch.mask import OPTION, Mask, worn
from arch.native import abi, machine
from backends.security.errors import BadProfile
from backends.security.seccomp.abi import profile_name, spoken
from backends.security.young import YOUNG, Young

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILTER_SINCE = (3, 5)  # of seccomp filters


class Hidden:
    """What a mask hides. `kernel`: whatever is younger than it, empty for nothing; `calls`: these, whatever their age;
    `keep`: calls that stay, with all their arguments, although they are younger; `errno`: what hidden calls answer.
    What is hidden of a call's arguments answers as an old kernel does."""

    __slots__ = ("calls", "errno", "keep", "kernel")

    def __init__(
        self,
        kernel: tuple[int, ...] = (),
        calls: tuple[str, ...] = (),
        errno: str = "ENOSYS",
        keep: tuple[str, ...] = (),
    ) -> None:
        self.kernel = kernel
        self.calls = calls
        self.errno = errno
        self.keep = keep


def wear(hidden: Hidden) -> Mask:
    """Puts this process, and all that it starts, behind a mask for good. BadProfile; OSError where it cannot be done:
    EINVAL where the kernel has no filters, or a mask hides them. Without CAP_SYS_ADMIN it takes no_new_privs too, so
    that set-uid programs gain nothing from then on."""
    mask = described(hidden, worn())
    program = compiled(hidden, mask, machine())
    try:
        kernel.seccomp_filter(program)
    except OSError as error:
        if error.errno != numbers.EACCES:
            raise
        kernel.set_no_new_privs()
        kernel.seccomp_filter(program)
    return mask


def described(hidden: Hidden, outer: Mask | None = None) -> Mask:
    """A mask in front of another hides what either does."""
    versions = [version for version in (hidden.kernel, outer.version if outer else ()) if version]
    content = (
        hidden.kernel,
        sorted(hidden.calls),
        sorted(hidden.keep),
        hidden.errno,
        outer.identity if outer else None,
    )
    return Mask(binascii.crc32(repr(content).encode()) & 0xFFFFFF, min(versions, default=()))


def compiled(hidden: Hidden, mask: Mask, architecture: str) -> bytes:
    from backends.security.seccomp import compile

    return compile(profile(hidden, mask, architecture), architecture)


def profile(hidden: Hidden, mask: Mask, architecture: str) -> dict[str, Any]:
    """The mask as `linux.seccomp`; BadProfile for a call or an error that nobody knows."""
    answer = getattr(numbers, hidden.errno, None)
    if not isinstance(answer, int):
        raise BadProfile(f"no error is called {hidden.errno!r}", "such as ENOSYS, EPERM or EACCES")
    if "prctl" in hidden.calls:
        raise BadProfile("prctl cannot be hidden as a whole", "a mask makes itself known by it")
    for name in (*hidden.calls, *hidden.keep):
        if not syscalls.everywhere(name):
            raise BadProfile(f"no system call is called {name!r}", "as in syscalls(2)")
    names = sorted({*hidden.calls, *young_calls(hidden.kernel, architecture)}.difference(hidden.keep))
    rules = [_refusal(names, answer)] if names else []
    for number, word in enumerate(mask.words()):
        rules.append(_refusal(["prctl"], word, _is(0, OPTION), _is(1, number)))
    for young in YOUNG if hidden.kernel else ():
        if young.since > hidden.kernel:
            rules += _arguments(young, hidden.keep)
    if hidden.kernel and hidden.kernel < _FILTER_SINCE:
        filters = (_is(0, PR_SET_SECCOMP), _is(1, SECCOMP_MODE_FILTER))
        rules.append(_refusal(["prctl"], numbers.EINVAL, *filters))
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": [profile_name(name) for name in spoken(architecture)],
        "syscalls": rules,
    }


def young_calls(version: tuple[int, ...], architecture: str) -> list[str]:
    """The calls that a kernel of that version did not have, of all that our table dates, in any ABI of a machine."""
    if not version:
        return []
    found = set()
    for name in {name for spelled in spoken(architecture) if spelled != "x32" for name in syscalls.table(spelled)}:
        since = syscalls.since(name)
        if since is not None and since > version:
            found.add(name)
    return sorted(found)


def _arguments(young: Young, keep: tuple[str, ...]) -> list[dict[str, Any]]:
    rules = []
    for call in (name for name in young.calls if name not in keep):
        argument = abi().clone.index("flags") if call == "clone" else young.argument
        for value in young.values:
            condition = _has(argument, value) if young.bits else _is(argument, value)
            rules.append(_refusal([call], young.errno, condition))
    return rules


def _refusal(names: list[str], errno: int, *conditions: dict[str, Any]) -> dict[str, Any]:
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": list(conditions)}


def _is(argument: int, value: int) -> dict[str, Any]:
    """The kernel reads 32 bits of these, and callers may leave anything above them."""
    return {"index": argument, "op": "SCMP_CMP_MASKED_EQ", "value": 0xFFFFFFFF, "valueTwo": value}


def _has(argument: int, bit: int) -> dict[str, Any]:
    return {"index": argument, "op": "SCMP_CMP_MASKED_EQ", "value": bit, "valueTwo": bit}
