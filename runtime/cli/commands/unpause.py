"""`runtime unpause`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("unpause", help="Let frozen containers go on.")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...]) -> int:
    def unpause(reference: str) -> None:
        engine().unpause(reference)
        say(reference)

    return each(containers, unpause)
