"""Commands that are loaded when they are called, and whose help is laid out in sections."""

from __future__ import annotations

from importlib import import_module

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PACKAGE = "runtime.cli.commands."


class Entry:
    """A command before it is loaded: `place` is "module" (its `command`) or "module:name"."""

    __slots__ = ("help", "place", "section")

    def __init__(self, place: str, help_: str, section: str = "Commands") -> None:
        self.place = place
        self.help = help_
        self.section = section

    def load(self) -> click.Command:
        module, _, name = self.place.partition(":")
        loaded: click.Command = getattr(import_module(PACKAGE + module), name or "command")
        return loaded


class LazyGroup(click.Group):
    """A group that knows its commands by a table, and imports only the one that is called."""

    def __init__(self, *arguments: Any, entries: dict[str, Entry] | None = None, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.entries = entries or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        return entry.load() if entry else None

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


class Flag(click.Option):
    """An option that belongs to a section of the help."""

    def __init__(self, *names: str, section: str = "Options", **settings: Any) -> None:
        self.section = section
        settings.setdefault("show_default", False)
        super().__init__(names, **settings)


class SectionedCommand(click.Command):
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is not None:
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(row)
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


# After the first argument everything belongs to the container's program, flags too.
PROGRAM_FOLLOWS = {"ignore_unknown_options": False, "allow_interspersed_args": False}


def flags(table: tuple[Flag, ...]) -> Callable[[click.Command], click.Command]:
    """Puts a table of flags before a command's own."""

    def added(command: click.Command) -> click.Command:
        command.params[:0] = table
        return command

    return added
