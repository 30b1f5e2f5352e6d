"""`runtime commit`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.session import engine, say


@click.command("commit", help="Make an image of what a container has become, and print its identifier.")
@click.option("-a", "--author", metavar="TEXT", default="", help="Who made it.")
@click.option("-m", "--message", metavar="TEXT", default="", help="What it is.")
@click.option("-c", "--change", multiple=True, metavar="INSTRUCTION", help='As in a Dockerfile: CMD ["sh"].')
@click.option("-p", "--pause/--no-pause", default=True, help="Whether the container is frozen meanwhile. [yes]")
@click.argument("container", shell_complete=containers)
@click.argument("image", required=False, default="")
def command(container: str, image: str, author: str, message: str, change: tuple[str, ...], pause: bool) -> None:
    say(engine().commit(container, image, message, author, change))
