"""Reads a command line by its declaration, without click, whose import alone takes longer than a container's start.

It knows the plain cases only. Whatever needs an explanation (help, an unknown flag, a value that does not fit, a
completion) is left to click, which reads the same declarations: so there is one definition, and one wording of errors.
"""

from __future__ import annotations

from runtime.cli.catalogue import COMMANDS, GLOBAL
from runtime.errors import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from runtime.cli.declaration import Argument, Declaration, Flag


class Unclear(Exception):
    """Click has to look at it."""


def understand(words: Sequence[str]) -> tuple[dict[str, Any], Declaration, dict[str, Any]] | None:
    """What is said to the program, the command, and what is said to the command; None if click has to look at it."""
    try:
        general, rest = read(GLOBAL, words)
        entry = COMMANDS.get(rest[0]) if rest else None
        if entry is None or not entry.plain:
            return None
        command: Declaration = entry.load()
        said, rest = read(command.flags, rest[1:])
        return general, command, {**said, **assign(command.arguments, rest)}
    except Unclear:
        return None


def read(flags: Sequence[Flag], words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """What leading flags say, and the words after them. Unclear."""
    known = _by_name(flags)
    said = {flag.name: flag.default for flag in flags if flag.given}
    rest = list(words)
    while rest and len(rest[0]) > 1 and rest[0][0] == "-":
        word = rest.pop(0)
        if word == "--":
            break
        found = _long(known, word, rest) if word.startswith("--") else _short(known, word, rest)
        for flag, value in found:
            if flag.given:
                said[flag.name] = said[flag.name] + (value,) if flag.many else value
    return said, rest


def _by_name(flags: Sequence[Flag]) -> dict[str, tuple[Flag, bool]]:
    """By each name the flag, and what the name says if it is a switch: "--on/--off" has one of either kind."""
    known: dict[str, tuple[Flag, bool]] = {}
    for flag in flags:
        for name in flag.names:
            on, _, off = name.partition("/")
            known[on] = (flag, True)
            if off:
                known[off] = (flag, False)
    return known


def _long(known: dict[str, tuple[Flag, bool]], word: str, rest: list[str]) -> list[tuple[Flag, Any]]:
    name, equals, text = word.partition("=")
    flag, on = _find(known, name)
    if flag.switch:
        if equals:
            raise Unclear
        return [(flag, on)]
    if not equals:
        text = _next(rest)
    return [(flag, _value(flag, name, text))]


def _short(known: dict[str, tuple[Flag, bool]], word: str, rest: list[str]) -> list[tuple[Flag, Any]]:
    """ "-it", "-eKEY=VALUE", "-e KEY=VALUE"."""
    found: list[tuple[Flag, Any]] = []
    for at, letter in enumerate(word[1:], 2):
        flag, on = _find(known, "-" + letter)
        if not flag.switch:
            return [*found, (flag, _value(flag, "-" + letter, word[at:] or _next(rest)))]
        found.append((flag, on))
    return found


def _find(known: dict[str, tuple[Flag, bool]], name: str) -> tuple[Flag, bool]:
    if name not in known:
        raise Unclear
    return known[name]


def _next(rest: list[str]) -> str:
    if not rest:
        raise Unclear
    return rest.pop(0)


def _value(flag: Flag, name: str, text: str) -> Any:
    if flag.choices and text not in flag.choices:
        raise Unclear
    if flag.convert is None:
        return text
    try:
        return flag.convert(text, name)
    except (Problem, ValueError):
        raise Unclear from None


def assign(arguments: Sequence[Argument], words: list[str]) -> dict[str, Any]:
    """The words by the arguments' names. Unclear if one is missing, or there are too many."""
    given: dict[str, Any] = {}
    rest = list(words)
    for argument in arguments:
        if argument.required and not rest:
            raise Unclear
        if argument.many:
            given[argument.name], rest = tuple(rest), []
        else:
            given[argument.name] = rest.pop(0)
    if rest:
        raise Unclear
    return given
