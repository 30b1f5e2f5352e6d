"""`runtime rename`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.session import engine


@click.command("rename", help="Give a container another name.")
@click.argument("container", shell_complete=containers)
@click.argument("name")
def command(container: str, name: str) -> None:
    engine().rename(container, name)
