"""`runtime pause`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("pause", help="Freeze all processes of containers.")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...]) -> int:
    def pause(reference: str) -> None:
        engine().pause(reference)
        say(reference)

    return each(containers, pause)
