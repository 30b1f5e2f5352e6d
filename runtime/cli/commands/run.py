"""`runtime run`: make a container, start it, and stay until it ends."""

from __future__ import annotations

from runtime.cli.creation import ACCEPTED_FLAGS, CREATION, IMAGE_AND_COMMAND, PROGRAM, REFUSED_FLAGS
from runtime.cli.declaration import Declaration, Flag
from runtime.cli.requesting import request
from runtime.cli.session import engine, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OWN = (
    Flag("-d", "--detach", section="The program", switch=True, help="Leave it running and print its identifier."),
    Flag("--sig-proxy/--no-sig-proxy", section="The program", switch=True, default=True,
         help="Whether signals to this command go to the program."),
    Flag("-q", "--quiet", section="Image, logs and backends", switch=True, help="Say nothing of progress."),
)  # fmt: skip


def _run(words: tuple[str, ...], **said: Any) -> int:
    wish = request(said, words)
    if said["explain"]:
        for line in engine().explain(wish):
            say(line)
        return 0
    from runtime.containers.launch import Waiting

    with Waiting() as monitor:
        from runtime.cli.running import run_attached, run_detached

        return run_detached(wish, monitor) if wish.detach else run_attached(wish, monitor, said["sig_proxy"])


command = Declaration(
    "run",
    _run,
    "Make and start a container: IMAGE's own program, or COMMAND.",
    (IMAGE_AND_COMMAND,),
    (
        *PROGRAM[:1], *_OWN[:1], *PROGRAM[1:], *_OWN[1:2], *CREATION[len(PROGRAM):], *_OWN[2:],
        *REFUSED_FLAGS, *ACCEPTED_FLAGS,
    ),
)  # fmt: skip
