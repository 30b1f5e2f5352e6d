"""click's side of commands: they are loaded when they are called, and their help is laid out in sections."""

from __future__ import annotations

import click

from runtime.cli import completing
from runtime.cli.declaration import Argument, Declaration, Entry, Flag
from runtime.cli.values import whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class LazyGroup(click.Group):
    """A group that knows its commands by a table, and imports only the one that is called."""

    def __init__(self, *arguments: Any, entries: dict[str, Entry] | None = None, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.entries = entries or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        loaded = entry.load()
        command: click.Command = declared(loaded) if isinstance(loaded, Declaration) else loaded
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.entries:
            raise click.UsageError(f"{args[0]!r} is not a command{_similar(args[0], self.entries)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.entries.items():
            sections.setdefault(entry.section, []).append((name, entry.help))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


def _similar(name: str, known: Any) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, 2)
    return f"; did you mean {' or '.join(close)}?" if close else ""


class Converted(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic since click 8.4
    """A type of values by the function that makes them of texts."""

    name = "text"

    def __init__(self, convert: Callable[[str, str], Any]) -> None:
        self._convert = convert

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self._convert(value, param.opts[-1] if param else "") if isinstance(value, str) else value


class SectionedOption(click.Option):
    """An option that belongs to a section of the help."""

    section = "Options"


def option(flag: Flag) -> click.Option:
    settings: dict[str, Any] = {"is_flag": True} if flag.switch else {}
    if flag.choices:
        settings["type"] = click.Choice(flag.choices)
    elif flag.convert is not None:
        settings["type"] = click.INT if flag.convert is whole else Converted(flag.convert)
    if not flag.many:
        settings["default"] = flag.default
    made = SectionedOption(
        [*flag.names, flag.name],
        metavar=flag.metavar, help=flag.help, hidden=flag.hidden, expose_value=flag.given, multiple=flag.many,
        show_default=False, **settings,
    )  # fmt: skip
    made.section = flag.section
    return made


def argument(wanted: Argument) -> click.Argument:
    settings: dict[str, Any] = {"nargs": -1, "type": click.UNPROCESSED} if wanted.many else {}
    if wanted.complete:
        settings["shell_complete"] = getattr(completing, wanted.complete)
    return click.Argument([wanted.name], metavar=wanted.metavar or None, required=wanted.required, **settings)


def declared(command: Declaration) -> click.Command:
    return SectionedCommand(
        command.name,
        callback=command.action,
        params=[*map(argument, command.arguments), *map(option, command.flags)],
        context_settings=PROGRAM_FOLLOWS,
        help=command.help,
    )


class SectionedCommand(click.Command):
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None and isinstance(parameter, click.Option):  # arguments are in the line of usage
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(row)
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


# After the first argument everything belongs to the container's program, flags too.
PROGRAM_FOLLOWS = {"ignore_unknown_options": False, "allow_interspersed_args": False}
