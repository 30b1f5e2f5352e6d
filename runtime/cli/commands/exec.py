"""`runtime exec`: another program in a running container."""

from __future__ import annotations

import click

from runtime.cli.command import PROGRAM_FOLLOWS
from runtime.cli.completing import containers
from runtime.cli.values import environment


@click.command(
    "exec", context_settings=PROGRAM_FOLLOWS, help="Run another program in a running container; its status is returned."
)
@click.option("-d", "--detach", is_flag=True, help="Leave it running.")
@click.option("-i", "--interactive", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give it a terminal.")
@click.option("-e", "--env", metavar="KEY[=VALUE]", multiple=True, help="Set an environment variable.")
@click.option("--env-file", metavar="FILE", multiple=True, help="Set those in a file of KEY=VALUE lines.")
@click.option("-u", "--user", metavar="USER[:GROUP]", default="", help="Run as this user, by name or number.")
@click.option("-w", "--workdir", metavar="FOLDER", default="", help="Start in this folder.")
@click.option("--privileged", is_flag=True, help="Give it all capabilities.")
@click.option("--detach-keys", metavar="KEYS", default="", help="Keys that detach the terminal (ctrl-p,ctrl-q).")
@click.argument("container", shell_complete=containers)
@click.argument("words", metavar="COMMAND [ARG]...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    container: str,
    words: tuple[str, ...],
    detach: bool,
    interactive: bool,
    tty: bool,
    env: tuple[str, ...],
    env_file: tuple[str, ...],
    user: str,
    workdir: str,
    privileged: bool,
    detach_keys: str,
) -> int:
    from runtime.cli.executing import run
    from runtime.cli.terminal import size
    from runtime.containers.request import ExecRequest

    wish = ExecRequest(
        command=words,
        environment=environment(env_file, env),
        working_folder=workdir,
        user=user,
        privileged=privileged,
        tty=tty,
        interactive=interactive,
        detach=detach,
        detach_keys=detach_keys,
        console_size=tuple(size(0) or size(1)) if tty else (),
    )
    return run(container, wish)
