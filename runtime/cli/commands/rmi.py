"""`runtime rmi`."""

from __future__ import annotations

import click

from runtime.cli.completing import images as names
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("rmi", help="Remove images: the name, and with the last name what it stands for.")
@click.option("-f", "--force", is_flag=True, help="Also with several names.")
@click.option("--no-prune", is_flag=True, hidden=True, expose_value=False)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, shell_complete=names)
def command(images: tuple[str, ...], force: bool) -> int:
    def remove(reference: str) -> None:
        for line in engine().images.remove(reference, force):
            say(line)

    return each(images, remove)
