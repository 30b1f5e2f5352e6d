"""What a filter can answer: the OCI names of actions, as the kernel's return values."""

from __future__ import annotations

from arch import constants
from backends.errors import UnsupportedConfiguration
from backends.security.errors import BadProfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

KILL_THREAD = constants.SECCOMP_RET_KILL_THREAD
KILL_PROCESS = constants.SECCOMP_RET_KILL_PROCESS
TRAP = constants.SECCOMP_RET_TRAP
ERRNO = constants.SECCOMP_RET_ERRNO
NOTIFY = constants.SECCOMP_RET_USER_NOTIF
TRACE = constants.SECCOMP_RET_TRACE
LOG = constants.SECCOMP_RET_LOG
ALLOW = constants.SECCOMP_RET_ALLOW

EPERM = 1
ENOSYS = 38
MAXIMUM_ERRNO = 4095

ACTIONS: dict[str, int] = {
    "SCMP_ACT_KILL": KILL_THREAD,
    "SCMP_ACT_KILL_THREAD": KILL_THREAD,
    "SCMP_ACT_KILL_PROCESS": KILL_PROCESS,
    "SCMP_ACT_TRAP": TRAP,
    "SCMP_ACT_ERRNO": ERRNO,
    "SCMP_ACT_NOTIFY": NOTIFY,
    "SCMP_ACT_TRACE": TRACE,
    "SCMP_ACT_LOG": LOG,
    "SCMP_ACT_ALLOW": ALLOW,
}

# The kernel answers a number that it does not know by killing the thread, so these must be known to be there.
NEEDS: dict[int, str] = {
    KILL_PROCESS: "seccomp.kill_process",
    LOG: "seccomp.log",
    NOTIFY: "seccomp.notify",
}


# Of seccomp(2); the flag for a listener follows from the action NOTIFY.
FLAGS: dict[str, int] = {
    "SECCOMP_FILTER_FLAG_TSYNC": constants.SECCOMP_FILTER_FLAG_TSYNC,
    "SECCOMP_FILTER_FLAG_LOG": constants.SECCOMP_FILTER_FLAG_LOG,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": constants.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": constants.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
}


def flag(name: object, where: str) -> int:
    """BadProfile for a flag that runtime-spec does not have."""
    bit = FLAGS.get(name) if isinstance(name, str) else None
    if bit is None:
        raise BadProfile(f"{where}: no flag is called {name!r}", "one of " + ", ".join(FLAGS))
    return bit


def value(name: object, errno: object, where: str) -> int:
    """The return value for an action and its errnoRet (EPERM unless said otherwise); BadProfile."""
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        raise BadProfile(f"{where}: no seccomp action is called {name!r}", "one of " + ", ".join(ACTIONS))
    if action not in (ERRNO, TRACE):
        if errno is not None:
            raise BadProfile(f"{where}: {name} takes no errnoRet, and {errno!r} is given")
        return action
    if errno is None:
        return action | EPERM
    if not isinstance(errno, int) or isinstance(errno, bool) or not 0 <= errno <= MAXIMUM_ERRNO:
        raise BadProfile(f"{where}: errnoRet {errno!r} is not a number from 0 to {MAXIMUM_ERRNO}")
    return action | errno


def kind(answer: int) -> int:
    """An answer without its data: one of the constants above."""
    return answer & 0xFFFF0000


def lets_through(answer: int) -> bool:
    """Whether a call so answered may still happen: then there is no use in pretending that it does not exist."""
    return kind(answer) in (ALLOW, LOG, TRACE, NOTIFY)


def notifies(seccomp: dict[str, Any]) -> bool:
    """Whether somebody has to answer calls; the profile is one that `check` has seen."""
    return any(rule.get("action") == "SCMP_ACT_NOTIFY" for rule in seccomp.get("syscalls") or ())


def check(seccomp: dict[str, Any], report: HostReport) -> None:
    """UnsupportedConfiguration for actions that this kernel lacks, and for notifications that nobody would answer;
    BadProfile for one that no kernel has."""
    entries = [(seccomp.get("defaultAction"), "linux.seccomp.defaultAction")]
    rules = seccomp.get("syscalls") or []
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise BadProfile("linux.seccomp.syscalls: not a list of objects")
    for index, rule in enumerate(rules):
        entries.append((rule.get("action"), f"linux.seccomp.syscalls[{index}].action"))
    for name, where in entries:
        action = value(name, None, where)
        needed = NEEDS.get(kind(action))
        if needed is not None and not report.has(needed):
            raise UnsupportedConfiguration(
                f"{where}: this kernel does not know {name}: {report[needed].reason or 'nobody has asked it'}",
                report[needed].remedy or "SCMP_ACT_ERRNO and SCMP_ACT_KILL work everywhere",
            )
        if kind(action) == NOTIFY and not seccomp.get("listenerPath"):
            raise UnsupportedConfiguration(f"{where}: {name} without linux.seccomp.listenerPath: nobody would answer")
