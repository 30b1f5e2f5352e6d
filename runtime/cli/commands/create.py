"""`runtime create`: make a container, and leave it to `start`."""

from __future__ import annotations

from runtime.cli.creation import ACCEPTED_FLAGS, CREATION, IMAGE_AND_COMMAND, REFUSED_FLAGS
from runtime.cli.declaration import Declaration, Flag
from runtime.cli.requesting import request
from runtime.cli.session import engine, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_QUIET = Flag("-q", "--quiet", section="Image, logs and backends", switch=True, help="Say nothing of progress.")


def _create(words: tuple[str, ...], **said: Any) -> int:
    wish = request(said, words)
    if said["explain"]:
        for line in engine().explain(wish):
            say(line)
        return 0
    from runtime.cli.running import create

    say(create(wish))
    return 0


command = Declaration(
    "create",
    _create,
    "Make a container without starting it, and print its identifier.",
    (IMAGE_AND_COMMAND,),
    (*CREATION, _QUIET, *REFUSED_FLAGS, *ACCEPTED_FLAGS),
)
