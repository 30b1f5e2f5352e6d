"""`runtime top`."""

from __future__ import annotations

import sys

import click

from runtime.cli.command import PROGRAM_FOLLOWS
from runtime.cli.completing import containers
from runtime.cli.session import engine
from runtime.cli.table import table


@click.command("top", context_settings=PROGRAM_FOLLOWS, help="Show a container's processes; PS_OPTIONS are ps's.")
@click.argument("container", shell_complete=containers)
@click.argument("options", metavar="[PS_OPTIONS]...", nargs=-1, type=click.UNPROCESSED)
def command(container: str, options: tuple[str, ...]) -> None:
    titles, rows = engine().top(container, options)
    sys.stdout.write(table(titles, rows))
