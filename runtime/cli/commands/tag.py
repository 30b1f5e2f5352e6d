"""`runtime tag`."""

from __future__ import annotations

import click

from runtime.cli.completing import images
from runtime.cli.session import engine


@click.command("tag", help="Give an image another name.")
@click.argument("image", shell_complete=images)
@click.argument("name")
def command(image: str, name: str) -> None:
    engine().images.tag(image, name)
