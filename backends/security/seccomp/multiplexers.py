"""socketcall(2) and ipc(2): one system call for many, on i386, s390 and ppc.

A rule for socket(2) has to mean socketcall's first subcall as well. The arguments are behind a pointer there, where no
filter can see them.
"""

from __future__ import annotations

from backends.security.seccomp import actions
from backends.security.seccomp.conditions import MASKED_EQUAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.security.seccomp.abi import Abi
    from backends.security.seccomp.conditions import Condition

# include/uapi/linux/net.h
_SOCKETCALL = {
    "socket": 1,
    "bind": 2,
    "connect": 3,
    "listen": 4,
    "accept": 5,
    "getsockname": 6,
    "getpeername": 7,
    "socketpair": 8,
    "send": 9,
    "recv": 10,
    "sendto": 11,
    "recvfrom": 12,
    "shutdown": 13,
    "setsockopt": 14,
    "getsockopt": 15,
    "sendmsg": 16,
    "recvmsg": 17,
    "accept4": 18,
    "recvmmsg": 19,
    "sendmmsg": 20,
}
# include/uapi/linux/ipc.h
_IPC = {
    "semop": 1,
    "semget": 2,
    "semctl": 3,
    "semtimedop": 4,
    "msgsnd": 11,
    "msgrcv": 12,
    "msgget": 13,
    "msgctl": 14,
    "shmat": 21,
    "shmdt": 22,
    "shmget": 23,
    "shmctl": 24,
}
_SUBCALLS = {name: ("socketcall", number, 0xFFFFFFFF) for name, number in _SOCKETCALL.items()}
# The upper half of ipc's first argument is a version, and the kernel cuts it off.
_SUBCALLS.update({name: ("ipc", number, 0xFFFF) for name, number in _IPC.items()})


def find(name: str, abi: Abi) -> tuple[int, Condition] | None:
    """The multiplexer's number by which an ABI reaches a call too, and the condition that picks the call out."""
    subcall = _SUBCALLS.get(name)
    if subcall is None:
        return None
    multiplexer, number, mask = subcall
    if multiplexer not in abi.numbers:
        return None
    return abi.numbers[multiplexer], (0, MASKED_EQUAL, mask, number)


def applies(alternatives: tuple[tuple[Condition, ...], ...], answer: int) -> bool:
    """Whether a rule is extended to the multiplexer: leave on conditions that cannot be checked there is not given,
    while a refusal on such conditions becomes one of the whole subcall."""
    return () in alternatives or not actions.lets_through(answer)
