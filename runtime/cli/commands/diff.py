"""`runtime diff`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.session import engine, say
from runtime.cli.table import printable


@click.command("diff", help="Show what a container changed in its files: A added, C changed, D deleted.")
@click.argument("container", shell_complete=containers)
def command(container: str) -> None:
    for kind, path in engine().diff(container):
        say(f"{kind} {printable(path)}")
