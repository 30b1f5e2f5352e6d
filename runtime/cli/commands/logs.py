"""`runtime logs`."""

from __future__ import annotations

import sys

import click

from runtime.cli.completing import containers
from runtime.cli.quantities import moment
from runtime.cli.session import engine
from runtime.errors import InvalidInput


@click.command("logs", help="Show what a container said: its standard output and standard error.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what it says, until it ends.")
@click.option("-n", "--tail", metavar="NUMBER", default="all", help="Only the last lines. [all]")
@click.option("--since", metavar="MOMENT", default="", help="Only what is newer: 2024-01-31T13:00:00Z, or 10m.")
@click.option("--until", metavar="MOMENT", default="", help="Only what is older.")
@click.option("-t", "--timestamps", is_flag=True, help="With the moment of each line.")
@click.argument("container", shell_complete=containers)
def command(container: str, follow: bool, tail: str, since: str, until: str, timestamps: bool) -> None:
    lines = engine().logs(container, follow, _tail(tail), moment(since, "--since"), moment(until, "--until"))
    outputs = {"stdout": sys.stdout.buffer, "stderr": sys.stderr.buffer}
    for line in lines:
        output = outputs.get(line.stream, sys.stdout.buffer)
        output.write((line.time.encode() + b" " if timestamps else b"") + line.data)
        if follow or line.stream == "stderr":
            output.flush()


def _tail(text: str) -> int | None:
    if text == "all":
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"--tail: {text!r} is not a number of lines", "a number, or all")
    return int(text)
