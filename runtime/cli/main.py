"""The command `runtime`: finds the command that is meant, and shows what went wrong."""

from __future__ import annotations

import os
import sys

import click

from runtime.cli import failures
from runtime.cli.catalogue import COMMANDS
from runtime.cli.command import LazyGroup
from runtime.cli.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "0.1.0"
COMPLETION = "_RUNTIME_COMPLETE"


@click.group(
    "runtime",
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"max_content_width": 110},
    epilog="`runtime COMMAND --help` tells more of a command.",
)
@click.option("--root", metavar="FOLDER", default="", help="Where images and containers are kept.")
@click.option("--state", metavar="FOLDER", default="", help="Where running containers are kept track of.")
@click.option("-D", "--debug", is_flag=True, help="Show where an error comes from.")
@click.option("--execution", metavar="NAME", default="", help="Insist on this execution backend.")
@click.option("--storage", metavar="NAME", default="", help="Insist on this storage backend.")
@click.option("--cgroups", metavar="NAME", default="", help="Insist on this cgroup backend.")
@click.version_option(VERSION, "-v", "--version", message="runtime version %(version)s")
@click.pass_context
def cli(context: click.Context, root: str, state: str, debug: bool, execution: str, storage: str, cgroups: str) -> None:
    """Runs containers on every Linux machine."""
    from runtime.settings import settle

    forced = {"execution": execution, "storage": storage, "cgroups": cgroups}
    settings = settle(root, state, {family: name for family, name in forced.items() if name}, debug)
    context.obj = Session(settings)


def run(arguments: Sequence[str]) -> int:
    """The exit status of a command line."""
    debug = _wants_debug(arguments)
    try:
        outcome = cli.main(list(arguments), prog_name="runtime", standalone_mode=False, complete_var=COMPLETION)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on (`| head`). The interpreter would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + 13
    except (Exception, KeyboardInterrupt) as error:
        return failures.show(error, debug)
    return outcome if isinstance(outcome, int) else 0


def _wants_debug(arguments: Sequence[str]) -> bool:
    for argument in arguments:
        if not argument.startswith("-"):
            break
        if argument in ("-D", "--debug"):
            return True
    return bool(os.environ.get("RUNTIME_DEBUG"))


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
