"""The command `runtime`: finds the command that is meant, and shows what went wrong."""

from __future__ import annotations

import gc
import os
import sys

from runtime.cli import direct, failures, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "0.1.0"
COMPLETION = "_RUNTIME_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """The exit status of a command line."""
    debug = _wants_debug(arguments)
    try:
        outcome = _perform(list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on (`| head`). The interpreter would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + 13
    except (Exception, KeyboardInterrupt) as error:
        return failures.show(error, debug)
    return outcome if isinstance(outcome, int) else 0


def _perform(arguments: list[str]) -> object:
    understood = None if COMPLETION in os.environ else direct.understand(arguments)
    if understood is None:
        from runtime.cli.root import root

        return root(VERSION).main(arguments, prog_name="runtime", standalone_mode=False, complete_var=COMPLETION)
    gc.disable()  # it looks through all that is being imported, for 3 ms, and finds nothing
    general, command, said = understood
    if not command.apart:
        session.begin(session.settled(**general))
    return command.action(**said)


def _wants_debug(arguments: Sequence[str]) -> bool:
    for argument in arguments:
        if not argument.startswith("-"):
            break
        if argument in ("-D", "--debug"):
            return True
    return bool(os.environ.get("RUNTIME_DEBUG"))


def main() -> None:
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 1
    os._exit(status)  # taking the interpreter down takes 4 ms, and leaves nothing tidier


if __name__ == "__main__":
    main()
