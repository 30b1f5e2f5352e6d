"""`runtime stop`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say


@click.command("stop", help="Ask containers to end (stop signal), and end them if they do not.")
@click.option("-t", "--timeout", "--time", type=float, metavar="SECONDS", help="How long to wait; -1 for ever. [10]")
@click.option("-s", "--signal", metavar="SIGNAL", default="", help="The signal that asks.")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...], timeout: float | None, signal: str) -> int:
    def stop(reference: str) -> None:
        engine().stop(reference, timeout, signal)
        say(reference)

    return each(containers, stop)
