"""`runtime rm`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("rm", help="Remove containers.")
@click.option("-f", "--force", is_flag=True, help="Kill those that run; those that do not exist are no error.")
@click.option("-v", "--volumes", is_flag=True, help="Remove their anonymous volumes too.")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...], force: bool, volumes: bool) -> int:
    def remove(reference: str) -> None:
        engine().remove(reference, force, volumes)
        say(reference)

    return each(containers, remove)
