"""`runtime cp`: files between the host and a container."""

from __future__ import annotations

import click

from runtime.cli.copying import copy


@click.command(
    "cp", help="Copy files: CONTAINER:PATH stands for one inside, - for a tar archive on standard input or output."
)
@click.option("-a", "--archive", is_flag=True, help="Keep owners and groups.")
@click.option("-L", "--follow-link", is_flag=True, help="Copy what a link on the host points to.")
@click.option("-q", "--quiet", is_flag=True, hidden=True, expose_value=False)
@click.argument("source")
@click.argument("target")
def command(source: str, target: str, archive: bool, follow_link: bool) -> None:
    copy(source, target, archive, follow_link)
