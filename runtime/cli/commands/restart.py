"""`runtime restart`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("restart", help="Stop containers and start them again.")
@click.option("-t", "--timeout", "--time", type=float, metavar="SECONDS", help="How long to wait; -1 for ever. [10]")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...], timeout: float | None) -> int:
    def restart(reference: str) -> None:
        engine().restart(reference, timeout)
        say(reference)

    return each(containers, restart)
