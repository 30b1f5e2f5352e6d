"""`runtime start`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.failures import each
from runtime.cli.session import engine, say
from runtime.errors import InvalidInput


@click.command("start", help="Start containers that are there.")
@click.option("-a", "--attach", is_flag=True, help="Show what it says, pass signals on, and return its status.")
@click.option("-i", "--interactive", is_flag=True, help="Pass standard input on too.")
@click.option("--detach-keys", metavar="KEYS", default="", help="Keys that detach the terminal (ctrl-p,ctrl-q).")
@click.option("--sig-proxy/--no-sig-proxy", default=True, help="Whether signals to this command go to the program.")
@click.argument("containers", metavar="CONTAINER...", nargs=-1, required=True, shell_complete=containers)
def command(containers: tuple[str, ...], attach: bool, interactive: bool, detach_keys: str, sig_proxy: bool) -> int:
    if not (attach or interactive):
        return each(containers, _start)
    if len(containers) > 1:
        raise InvalidInput("only one container can be attached to at once", "start the others without -a and -i")
    from runtime.cli.running import Streams, check_terminal, stay, within_terminal

    record = engine().target(containers[0]).record
    stdin = interactive and record["interactive"]
    streams = Streams(stdin, True, True, bool(record["terminal"]), detach_keys)
    check_terminal(streams)
    return within_terminal(
        streams, lambda: stay(lambda: engine().start(containers[0], streams.wish()), streams, sig_proxy)
    )


def _start(reference: str) -> None:
    engine().start(reference)
    say(reference)
