"""Command lines as engines write them for runc: options by a table, before or after arguments. On the launch path.

--name VALUE  --name=VALUE  -name VALUE  -n VALUE      (Go's flag package takes one dash or two)
"""

from __future__ import annotations

from runtime.oci.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAG = "flag"
TEXT = "text"
NUMBER = "number"
MANY = "many"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


class Option:
    """`name` and `letter` without dashes; `value` is what it says when it is not given."""

    __slots__ = ("help", "kind", "letter", "name", "value")

    def __init__(self, name: str, help: str, kind: str = FLAG, letter: str = "", value: Any = None) -> None:
        self.name = name
        self.help = help
        self.kind = kind
        self.letter = letter
        self.value = value if value is not None else {FLAG: False, TEXT: "", MANY: (), NUMBER: None}[kind]


class Command:
    """`least` and `most` arguments (`most` < 0: any number); `ordered`: options end at the first argument."""

    __slots__ = ("arguments", "least", "most", "name", "options", "ordered", "summary")

    def __init__(
        self,
        name: str,
        summary: str,
        arguments: str = "",
        options: tuple[Option, ...] = (),
        least: int = 1,
        most: int = 1,
        ordered: bool = False,
    ) -> None:
        self.name = name
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.least = least
        self.most = most
        self.ordered = ordered

    def read(self, words: list[str]) -> tuple[dict[str, Any], list[str]]:
        """What the options say, by their names, and the arguments. Usage."""
        values, rest = parse(self.options, words, self.ordered)
        if values.get("help"):
            return values, rest
        if len(rest) < self.least:
            raise Usage(f'runtime-oci: "{self.name}" requires a minimum of {self.least} argument(s)')
        if 0 <= self.most < len(rest):
            raise Usage(f'runtime-oci: "{self.name}" requires a maximum of {self.most} argument(s)')
        return values, rest


HELP = Option("help", "show this help", FLAG, "h")


def parse(options: tuple[Option, ...], words: list[str], ordered: bool) -> tuple[dict[str, Any], list[str]]:
    """Usage for what no option is called, and for values that do not fit."""
    known = {option.letter: option for option in options if option.letter}
    known.update({option.name: option for option in options})
    known.setdefault("help", HELP)
    known.setdefault("h", HELP)
    values = {option.name: option.value for option in options}
    rest: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "--":
            return values, rest + words[position:]
        if len(word) < 2 or word[0] != "-":
            rest.append(word)
            if ordered:
                return values, rest + words[position:]
            continue
        name, equals, text = word[2 if word[1] == "-" else 1 :].partition("=")
        option = known.get(name)
        if option is None:
            raise Usage(f"flag provided but not defined: -{name}")
        if option.kind != FLAG and not equals:
            if position == len(words):
                raise Usage(f"flag needs an argument: -{name}")
            text = words[position]
            position += 1
        values[option.name] = _value(option, text if equals or option.kind != FLAG else "true", values)
    return values, rest


def _value(option: Option, text: str, values: dict[str, Any]) -> Any:
    if option.kind == TEXT:
        return text
    if option.kind == MANY:
        return (*values[option.name], text)
    if option.kind == FLAG:
        if text not in _TRUE and text not in _FALSE:
            raise Usage(f'invalid boolean value "{text}" for -{option.name}')
        return text in _TRUE
    try:
        return int(text, 0)
    except ValueError:
        raise Usage(f'invalid value "{text}" for flag -{option.name}: it is no number') from None
