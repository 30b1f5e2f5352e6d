"""`runtime export`."""

from __future__ import annotations

import click

from runtime.cli.archives import writing
from runtime.cli.completing import containers
from runtime.cli.session import engine


@click.command("export", help="Write a container's files as a tar archive.")
@click.option("-o", "--output", metavar="FILE", default="", help="To this file, not to standard output.")
@click.argument("container", shell_complete=containers)
def command(container: str, output: str) -> None:
    with writing(output) as archive:
        engine().export(container, archive)
