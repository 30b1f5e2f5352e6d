"""Seccomp filters by their effect, its actions, Landlock."""

from __future__ import annotations

import errno
import os
import struct

from arch import kernel
from arch.native import numbers
from probes.trials.attempt import Failed, call

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
LANDLOCK_CREATE_RULESET_VERSION = 1
ACTIONS = {
    "kill_process": kernel.SECCOMP_RET_KILL_PROCESS,
    "log": kernel.SECCOMP_RET_LOG,
    "notify": kernel.SECCOMP_RET_USER_NOTIF,
}


def _refusing(name: str, number: int) -> bytes:
    """A filter that answers one system call with an errno and lets the rest pass."""
    instructions = (
        (LOAD, 0, 0, 0),
        (EQUAL, 0, 1, numbers()[name]),
        (RETURN, 0, 0, kernel.SECCOMP_RET_ERRNO | number),
        (RETURN, 0, 0, kernel.SECCOMP_RET_ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def filter_(flags: str = "") -> str:
    """`flags`: tsync or new_listener; without one, an older kernel's prctl does too."""
    value = {"": 0, "tsync": kernel.SECCOMP_FILTER_FLAG_TSYNC, "listener": kernel.SECCOMP_FILTER_FLAG_NEW_LISTENER}
    call("prctl(PR_SET_NO_NEW_PRIVS)", kernel.set_no_new_privs)
    name = f"seccomp(FILTER{', ' + flags.upper() if flags else ''})"
    call(name, kernel.seccomp_filter, _refusing("getpgid", errno.EXDEV), value[flags])
    try:
        os.getpgid(0)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return "a refused call is refused"
    raise Failed(name, 0, "succeeded, and the filter has no effect")


def syscall() -> str:
    """seccomp(2) itself: with a null filter it must complain of the pointer, not of the call."""
    try:
        kernel.syscall("seccomp", kernel.SECCOMP_SET_MODE_FILTER, 0, None)
    except OSError as error:
        if error.errno == errno.EFAULT:
            return ""
        raise Failed("seccomp()", error.errno or 0) from error
    raise Failed("seccomp()", 0, "accepts a null pointer")


def action(name: str) -> str:
    if not call("seccomp(GET_ACTION_AVAIL)", kernel.seccomp_action_available, ACTIONS[name]):
        raise Failed("seccomp(GET_ACTION_AVAIL)", errno.EOPNOTSUPP)
    return ""


def landlock() -> str:
    arguments = (None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    version = call("landlock_create_ruleset(VERSION)", kernel.syscall, "landlock_create_ruleset", *arguments)
    return f"ABI {version}"
