"""`runtime attach`."""

from __future__ import annotations

import click

from runtime.cli.completing import containers
from runtime.cli.session import engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.containers.connection import Connection


@click.command("attach", help="Connect this terminal to a running container.")
@click.option("--no-stdin", is_flag=True, help="Leave standard input alone.")
@click.option("--detach-keys", metavar="KEYS", default="", help="Keys that detach the terminal (ctrl-p,ctrl-q).")
@click.option("--sig-proxy/--no-sig-proxy", default=True, help="Whether signals to this command go to the program.")
@click.argument("container", shell_complete=containers)
def command(container: str, no_stdin: bool, detach_keys: str, sig_proxy: bool) -> int:
    from runtime.cli.running import Streams, check_terminal, redraw, stay, within_terminal

    record = engine().target(container).record
    stdin = bool(record["interactive"]) and not no_stdin
    streams = Streams(stdin, True, True, bool(record["terminal"]), detach_keys)
    check_terminal(streams)

    def begin() -> Connection:
        connection = engine().attach(container, streams.wish())
        if streams.tty:
            redraw(connection)
        return connection

    return within_terminal(streams, lambda: stay(begin, streams, sig_proxy))
