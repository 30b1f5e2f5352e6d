"""`runtime create`: make a container, and leave it to `start`."""

from __future__ import annotations

import click

from runtime.cli.command import PROGRAM_FOLLOWS, Flag, SectionedCommand
from runtime.cli.completing import images
from runtime.cli.creation import ACCEPTED_FLAGS, CREATION, REFUSED_FLAGS, request
from runtime.cli.session import engine, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_QUIET = Flag("-q", "--quiet", section="Image, logs and backends", is_flag=True, help="Say nothing of progress.")


def _create(words: tuple[str, ...], **said: Any) -> int:
    wish = request(said, words)
    if said["explain"]:
        for line in engine().explain(wish):
            say(line)
        return 0
    from runtime.cli.running import create

    say(create(wish))
    return 0


command = SectionedCommand(
    "create",
    callback=_create,
    params=[
        click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, metavar="IMAGE [COMMAND] [ARG]...",
                       shell_complete=images),
        *CREATION, _QUIET, *REFUSED_FLAGS, *ACCEPTED_FLAGS,
    ],
    context_settings=PROGRAM_FOLLOWS,
    help="Make a container without starting it, and print its identifier.",
)  # fmt: skip
