"""`runtime import`."""

from __future__ import annotations

import click

from runtime.cli.archives import reading
from runtime.cli.session import engine, say


@click.command("import", help="Make an image of a tar archive of a root file system, FILE or - for standard input.")
@click.option("-c", "--change", multiple=True, metavar="INSTRUCTION", help='As in a Dockerfile: CMD ["sh"].')
@click.option("-m", "--message", metavar="TEXT", default="", help="What it is.")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", default="", help="What it is for, if not this machine.")
@click.argument("file", type=click.Path())
@click.argument("image", required=False, default="")
def command(file: str, image: str, change: tuple[str, ...], message: str, platform: str) -> None:
    with reading(file) as stream:
        say(engine().images.import_root(stream, image, change, message, platform).id)
