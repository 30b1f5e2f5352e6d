"""From a profile to a program: for each ABI a binary search over the call's number, and below it the conditions."""

from __future__ import annotations

from arch.constants import SECCOMP_FILTER_FLAG_NEW_LISTENER
from backends.security.errors import BadProfile
from backends.security.seccomp import actions, rules
from backends.security.seccomp.abi import chosen
from backends.security.seccomp.assembler import JUMP_EQUAL, JUMP_GREATER_EQUAL, Assembler
from backends.security.seccomp.conditions import Words, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.security.seccomp.abi import Abi
    from backends.security.seccomp.rules import Calls, Decision

# struct seccomp_data
_NUMBER = 0
_TOKEN = 4

_HIGHEST = 0xFFFFFFFF
# A tracer that takes a call away writes -1 as its number; no ABI may read that as a foreign one.
_SKIPPED = 0xFFFFFFFF


class Filter:
    """A compiled profile.

    program   an array of struct sock_filter, in the machine's byte order
    flags     of seccomp(2)
    abis      the ABIs that the profile is in force for; any other is killed
    ignored   names that none of these ABIs has: newer than our tables, or another machine's
    """

    __slots__ = ("abis", "flags", "ignored", "program")

    def __init__(self, program: bytes, flags: int, abis: tuple[str, ...], ignored: tuple[str, ...]) -> None:
        self.program = program
        self.flags = flags
        self.abis = abis
        self.ignored = ignored


def translate(seccomp: dict[str, Any], architecture: str) -> Filter:
    """Compiles `linux.seccomp` for a kernel of an architecture (our name). BadProfile, FilterTooLarge."""
    read = rules.read(seccomp)
    abis = chosen(seccomp, architecture)
    said = [rules.Calls(read, abi) for abi in abis]
    code = Assembler()
    sections: list[tuple[int, int]] = []  # token, label
    for token in dict.fromkeys(abi.token for abi in abis):
        members = [(abi, calls) for abi, calls in zip(abis, said) if abi.token == token]
        sections.append((token, _section(code, members, read.default)))
    # Before Linux 4.14 the top bit is masked away, and this is KILL_THREAD.
    label = code.answer(actions.KILL_PROCESS)
    for token, section in reversed(sections):
        label = code.branch(JUMP_EQUAL, token, section, label)
    code.load(_TOKEN)
    ignored = set(said[0].unknown).intersection(*(calls.unknown for calls in said))
    program = code.program(abis[0].byte_order)
    return Filter(program, flags(seccomp), tuple(abi.name for abi in abis), tuple(sorted(ignored)))


def flags(seccomp: dict[str, Any]) -> int:
    """The flags for seccomp(2) that a profile asks for; BadProfile."""
    wanted = 0
    names = seccomp.get("flags") or []
    if not isinstance(names, list):
        raise BadProfile("linux.seccomp.flags: not a list")
    for index, name in enumerate(names):
        wanted |= actions.flag(name, f"linux.seccomp.flags[{index}]")
    if any(entry.get("action") == "SCMP_ACT_NOTIFY" for entry in seccomp.get("syscalls") or ()):
        wanted |= SECCOMP_FILTER_FLAG_NEW_LISTENER
    return wanted


def _section(code: Assembler, members: list[tuple[Abi, Calls]], default: int) -> int:
    """What is decided for one token: the number is loaded, then searched for."""
    regions = _regions(members, default)
    words = Words(members[0][0].byte_order, members[0][0].wide)
    labels: dict[Decision, int] = {}
    for _, decision in regions:
        if decision not in labels:
            labels[decision] = _decide(code, words, decision)
    code.go(_search(code, [(start, labels[decision]) for start, decision in regions]))
    return code.load(_NUMBER)


def _regions(members: list[tuple[Abi, Calls]], default: int) -> list[tuple[int, Decision]]:
    """Ranges of numbers that are decided alike: (first number, decision), from 0, in order."""
    otherwise: Decision = ((), default)
    missing: Decision = otherwise if actions.lets_through(default) else ((), actions.ERRNO | actions.ENOSYS)
    starts: dict[int, Decision] = {}
    covered = 0
    for abi, calls in members:
        starts[abi.first] = otherwise
        if calls.newest >= 0:
            starts[calls.newest + 1] = missing
        if abi.private < _HIGHEST:
            starts[abi.private] = otherwise
        for number in sorted(calls.decisions):
            starts.setdefault(number + 1, otherwise)
        starts.update(calls.decisions)
        covered = abi.last + 1
    if covered <= _HIGHEST:
        starts[covered] = ((), actions.KILL_PROCESS)
        starts[_SKIPPED] = missing if members[0][1].newest >= 0 else otherwise
    ordered = sorted(starts.items())
    return [ordered[0]] + [now for before, now in zip(ordered, ordered[1:]) if now[1] != before[1]]


def _decide(code: Assembler, words: Words, decision: Decision) -> int:
    branches, default = decision
    label = code.answer(default)
    for conditions, answer in reversed(branches):
        following, label = label, code.answer(answer)
        for condition in reversed(conditions):
            label = write(code, words, condition, label, following)
    return label


def _search(code: Assembler, regions: list[tuple[int, int]]) -> int:
    """A balanced tree of comparisons over the regions' first numbers."""
    if len(regions) == 1:
        return regions[0][1]
    middle = len(regions) // 2
    upper = _search(code, regions[middle:])
    lower = _search(code, regions[:middle])
    return code.branch(JUMP_GREATER_EQUAL, regions[middle][0], upper, lower)
