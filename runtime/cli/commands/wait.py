"""`runtime wait`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("wait", help="Wait until containers end, and print the exit status of each.")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...]) -> int:
    return each(containers, lambda reference: say(str(engine().wait(reference))))
