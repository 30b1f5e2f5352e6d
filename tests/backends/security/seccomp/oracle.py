"""The meaning of a profile, evaluated naively from its text, rule by rule: what compiled filters are compared with."""

from __future__ import annotations

import operator
from typing import Any

from backends.security.seccomp.abi import Abi, chosen
from tests.backends.security.seccomp.machine import Call

ALLOW, LOG, TRACE, NOTIFY, ERRNO, TRAP = 0x7FFF0000, 0x7FFC0000, 0x7FF00000, 0x7FC00000, 0x50000, 0x30000
KILL_PROCESS, KILL_THREAD = 0x80000000, 0
WORD = 0xFFFFFFFF
NAMES = {
    "SCMP_ACT_ALLOW": ALLOW,
    "SCMP_ACT_LOG": LOG,
    "SCMP_ACT_TRACE": TRACE,
    "SCMP_ACT_NOTIFY": NOTIFY,
    "SCMP_ACT_ERRNO": ERRNO,
    "SCMP_ACT_TRAP": TRAP,
    "SCMP_ACT_KILL": KILL_THREAD,
    "SCMP_ACT_KILL_THREAD": KILL_THREAD,
    "SCMP_ACT_KILL_PROCESS": KILL_PROCESS,
}
COMPARISONS = {
    "SCMP_CMP_EQ": operator.eq,
    "SCMP_CMP_NE": operator.ne,
    "SCMP_CMP_LT": operator.lt,
    "SCMP_CMP_LE": operator.le,
    "SCMP_CMP_GT": operator.gt,
    "SCMP_CMP_GE": operator.ge,
}
# fmt: off
SOCKETS = [
    "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send", "recv",
    "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg",
    "sendmmsg",
]
IPC = {
    "semop": 1, "semget": 2, "semctl": 3, "semtimedop": 4, "msgsnd": 11, "msgrcv": 12, "msgget": 13, "msgctl": 14,
    "shmat": 21, "shmdt": 22, "shmget": 23, "shmctl": 24,
}
# fmt: on


def _answer(action: str, errno: int | None) -> int:
    value = NAMES[action]
    return value | (1 if errno is None else errno) if value in (ERRNO, TRACE) else value


def _holds(condition: dict[str, Any], call: Call, wide: bool) -> bool:
    limit = (1 << 64) - 1 if wide else WORD
    argument = call.arguments[condition["index"]] & limit
    value, second = condition["value"] & limit, condition.get("valueTwo", 0) & limit
    if condition["op"] == "SCMP_CMP_MASKED_EQ":
        return bool(argument & value == second)
    return bool(COMPARISONS[condition["op"]](argument, value))


def _subcall(names: list[str], call: Call, abi: Abi) -> bool:
    """Whether the call is a multiplexer that does what one of the names does."""
    if call.number == abi.numbers.get("socketcall"):
        index = (call.arguments[0] & WORD) - 1
        return 0 <= index < len(SOCKETS) and SOCKETS[index] in names
    if call.number == abi.numbers.get("ipc"):
        return any(IPC.get(name) == call.arguments[0] & 0xFFFF for name in names)
    return False


def _matches(entry: dict[str, Any], call: Call, abi: Abi) -> bool:
    conditions = entry.get("args") or []
    if any(abi.numbers.get(name) == call.number for name in entry["names"]):
        held = [_holds(condition, call, abi.wide) for condition in conditions]
        indices = [condition["index"] for condition in conditions]
        if len(set(indices)) < len(indices):
            return any(held)
        return all(held)
    lets_through = NAMES[entry["action"]] in (ALLOW, LOG, TRACE, NOTIFY)
    return _subcall(entry["names"], call, abi) and not (conditions and lets_through)


def _unconditional(entry: dict[str, Any], call: Call, abi: Abi) -> bool:
    return not entry.get("args") and any(abi.numbers.get(name) == call.number for name in entry["names"])


def answer(profile: dict[str, Any], architecture: str, call: Call) -> int:
    members = [abi for abi in chosen(profile, architecture) if abi.token == call.token]
    members = [abi for abi in members if abi.first <= call.number <= abi.last] or (
        members if call.number == WORD else []
    )
    if not members:
        return KILL_PROCESS
    abi = members[-1]
    default = _answer(profile["defaultAction"], profile.get("defaultErrnoRet"))
    entries = profile.get("syscalls") or []
    kept = [entry for entry in entries if _answer(entry["action"], entry.get("errnoRet")) != default]
    for entry in kept:
        if _unconditional(entry, call, abi):
            return _answer(entry["action"], entry.get("errnoRet"))
    for entry in kept:
        if _matches(entry, call, abi):
            return _answer(entry["action"], entry.get("errnoRet"))
    mentioned = [abi.numbers[name] for entry in entries for name in entry["names"] if name in abi.numbers]
    for multiplexer, subcalls in (("socketcall", SOCKETS), ("ipc", list(IPC))):
        if multiplexer in abi.numbers and any(name in subcalls for entry in entries for name in entry["names"]):
            mentioned.append(abi.numbers[multiplexer])
    newest = max((number for number in mentioned if number < abi.private), default=WORD + 1)
    restrictive = default & 0xFFFF0000 not in (ALLOW, LOG, TRACE, NOTIFY)
    if restrictive and newest < call.number < abi.private:
        return ERRNO | 38
    return default
