"""The rules of a profile (linux.seccomp of runtime-spec), read and checked, and what they say about one ABI's calls."""

from __future__ import annotations

from backends.security.errors import BadProfile
from backends.security.seccomp import actions, conditions, multiplexers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.security.seccomp.abi import Abi
    from backends.security.seccomp.conditions import Condition

    # What to answer: the first branch whose conditions all hold, and otherwise the last element.
    Branch = tuple[tuple[Condition, ...], int]
    Decision = tuple[tuple[Branch, ...], int]

# What runc needs to hand a listener over, and what we do.
_HANDING_OVER = frozenset({"write", "sendmsg"})


class Rule:
    """One entry of `syscalls`: its names, its answer, and the alternatives of conditions of which one must hold."""

    __slots__ = ("alternatives", "answer", "names")

    def __init__(self, names: list[str], answer: int, alternatives: tuple[tuple[Condition, ...], ...]) -> None:
        self.names = names
        self.answer = answer
        self.alternatives = alternatives  # ((),): always


class Rules:
    """A profile without its text: the answer to calls it does not name, and its rules in order."""

    __slots__ = ("default", "rules")

    def __init__(self, default: int, rules: list[Rule]) -> None:
        self.default = default
        self.rules = rules


def read(seccomp: dict[str, Any]) -> Rules:
    """BadProfile, naming the JSON path, for what runtime-spec does not allow."""
    default = actions.value(seccomp.get("defaultAction"), seccomp.get("defaultErrnoRet"), "linux.seccomp.defaultAction")
    if actions.kind(default) == actions.NOTIFY:
        raise BadProfile("linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action")
    entries = seccomp.get("syscalls")
    if entries is None:
        entries = []
    if not isinstance(entries, list):
        raise BadProfile("linux.seccomp.syscalls: not a list")
    return Rules(default, [_rule(entry, f"linux.seccomp.syscalls[{index}]") for index, entry in enumerate(entries)])


def _rule(entry: object, where: str) -> Rule:
    if not isinstance(entry, dict):
        raise BadProfile(f"{where}: not an object")
    names = entry.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadProfile(f"{where}.names: not a list of names")
    answer = actions.value(entry.get("action"), entry.get("errnoRet"), f"{where}.action")
    if actions.kind(answer) == actions.NOTIFY:
        for name in _HANDING_OVER.intersection(names):
            raise BadProfile(
                f"{where}: SCMP_ACT_NOTIFY cannot be used for the {name} syscall",
                "it would block the message that hands the filter over to the agent",
            )
    arguments = entry.get("args")
    if arguments is None:
        arguments = []
    if not isinstance(arguments, list):
        raise BadProfile(f"{where}.args: not a list")
    read_conditions = [conditions.read(item, f"{where}.args[{index}]") for index, item in enumerate(arguments)]
    return Rule(names, answer, _alternatives(read_conditions))


def _alternatives(wanted: list[Condition]) -> tuple[tuple[Condition, ...], ...]:
    """All conditions must hold; but as in runc, with two on the same argument, any one of them."""
    if len({condition[0] for condition in wanted}) < len(wanted):
        return tuple((condition,) for condition in wanted)
    return (tuple(wanted),)


class Calls:
    """What the rules say about the calls of one ABI.

    decisions   what to answer, by the call's number
    newest      the highest ordinary number that the rules mention, or -1
    unknown     names that this ABI does not have
    """

    __slots__ = ("_branches", "decisions", "newest", "unknown")

    def __init__(self, rules: Rules, abi: Abi) -> None:
        self._branches: dict[int, list[Branch]] = {}
        self.unknown: list[str] = []
        self.newest = -1
        for rule in rules.rules:
            # As in runc, a rule that says what the default says is none.
            self._add(rule, abi, redundant=rule.answer == rules.default)
        self.decisions = {number: _decision(list_, rules.default) for number, list_ in self._branches.items()}

    def _add(self, rule: Rule, abi: Abi, redundant: bool) -> None:
        for name in rule.names:
            number = abi.numbers.get(name)
            multiplexed = multiplexers.find(name, abi)
            if number is None and multiplexed is None:
                self.unknown.append(name)
                continue
            for known in (number, multiplexed[0] if multiplexed else None):
                if known is not None and known < abi.private:
                    self.newest = max(self.newest, known)
            if redundant:
                continue
            if number is not None:
                branches = self._branches.setdefault(number, [])
                branches.extend((alternative, rule.answer) for alternative in rule.alternatives)
            if multiplexed is not None and multiplexers.applies(rule.alternatives, rule.answer):
                multiplexer, condition = multiplexed
                self._branches.setdefault(multiplexer, []).append(((condition,), rule.answer))


def _decision(branches: list[Branch], default: int) -> Decision:
    """As in libseccomp, a rule without conditions stands above those with; otherwise the first that holds decides."""
    for wanted, answer in branches:
        if not wanted:
            return ((), answer)
    return (tuple(branches), default)
