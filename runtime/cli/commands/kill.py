"""`runtime kill`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("kill", help="Send a signal to the first process of containers.")
@click.option("-s", "--signal", metavar="SIGNAL", default="KILL", help="By name or number. [KILL]")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...], signal: str) -> int:
    def kill(reference: str) -> None:
        engine().kill(reference, signal)
        say(reference)

    return each(containers, kill)
