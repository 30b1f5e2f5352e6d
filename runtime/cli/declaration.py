"""Commands and their flags as plain values. `command` makes click's objects of them, and `direct` reads by them.

Importing click takes three times as long as starting a container's program does, so what can be declared without it
is: `run`, `create` and `exec` are then understood without click, which gets to see only what it alone can answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Flag:
    """A flag, `names` as click takes them: "-q", "--quiet", "--on/--off", or a bare name for its value.

    `convert`  makes the value of a text and the flag's name; InvalidInput
    `choices`  the only texts that are allowed
    `switch`   it takes no value
    `many`     it may be given again and again; its value is a tuple
    `given`    whether the command gets its value
    """

    __slots__ = (
        "choices", "convert", "default", "given", "help", "hidden", "many", "metavar", "name", "names", "section",
        "switch",
    )  # fmt: skip

    def __init__(
        self,
        *names: str,
        section: str = "Options",
        help: str = "",
        metavar: str | None = None,
        default: Any = None,
        convert: Callable[[str, str], Any] | None = None,
        choices: tuple[str, ...] = (),
        switch: bool = False,
        many: bool = False,
        hidden: bool = False,
        given: bool = True,
    ) -> None:
        self.names = tuple(name for name in names if name.startswith("-"))
        self.name = _value_name(names)
        self.section = section
        self.help = help
        self.metavar = metavar
        self.default: Any = () if many else False if switch and default is None else default
        self.convert = convert
        self.choices = choices
        self.switch = switch
        self.many = many
        self.hidden = hidden
        self.given = given


def _value_name(names: tuple[str, ...]) -> str:
    """click's rule: a bare name, or else the first long one."""
    for prefix in ("", "--", "-"):
        for name in names:
            if name.startswith(prefix) and (prefix or not name.startswith("-")):
                return name.partition("/")[0].lstrip("-").replace("-", "_")
    raise ValueError("a flag without a name")


class Argument:
    """A word after the flags; with `many`, all that are left. `complete` is a function of `completing`."""

    __slots__ = ("complete", "many", "metavar", "name", "required")

    def __init__(
        self, name: str, metavar: str = "", many: bool = False, required: bool = True, complete: str = ""
    ) -> None:
        self.name = name
        self.metavar = metavar
        self.many = many
        self.required = required
        self.complete = complete


class Declaration:
    """A command whose flags come before its arguments: after the first of these, everything is the program's. One that
    stands `apart` is about this very process, and gets no session: that might give it another user namespace."""

    __slots__ = ("action", "apart", "arguments", "flags", "help", "name")

    def __init__(
        self,
        name: str,
        action: Callable[..., int],
        help: str,
        arguments: tuple[Argument, ...],
        flags: tuple[Flag, ...],
        apart: bool = False,
    ) -> None:
        self.name = name
        self.apart = apart
        self.action = action
        self.help = help
        self.arguments = arguments
        self.flags = flags


class Entry:
    """A command before it is loaded: `place` is "module" (its `command`) or "module:name"; `plain` means that a
    `Declaration` is there."""

    __slots__ = ("help", "place", "plain", "section")

    def __init__(self, place: str, help_: str, section: str = "Commands", plain: bool = False) -> None:
        self.place = place
        self.help = help_
        self.section = section
        self.plain = plain

    def load(self) -> Any:
        module, _, name = ("runtime.cli.commands." + self.place).partition(":")
        # Not importlib.import_module: importing it costs 1 ms, which is a tenth of what `run` takes to be understood.
        return getattr(__import__(module, fromlist=("command",)), name or "command")
