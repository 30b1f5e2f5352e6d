"""`runtime completion`."""

from __future__ import annotations

import click

from runtime.cli.session import say
from runtime.errors import InvalidInput


@click.command("completion", help="Print a completion script: source <(runtime completion bash).")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    from click.shell_completion import get_completion_class

    from runtime.cli.main import COMPLETION

    kind = get_completion_class(shell)
    if kind is None:
        raise InvalidInput(f"no completion for the shell {shell}")
    completion = kind(context.find_root().command, {}, "runtime", COMPLETION)
    # source() asks bash for its version first, by running it; the script is the same for all that are alive.
    say(completion.source_template % completion.source_vars())
