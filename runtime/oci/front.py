"""Reads the command line, runs one command, and says what went wrong. On the launch path."""

from __future__ import annotations

import sys

from backends.errors import BackendError
from runtime.errors import Problem
from runtime.oci.catalogue import COMMANDS
from runtime.oci.errors import Usage, words
from runtime.oci.journal import Journal
from runtime.oci.options import parse
from runtime.oci.settings import OPTIONS, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNKNOWN_COMMAND = 3


def run(arguments: list[str]) -> int:
    """The exit status."""
    journal = Journal()
    try:
        return _run(arguments, journal)
    except (Problem, BackendError, OSError) as error:
        journal.error(words(error), getattr(error, "plain", ""))
        return int(getattr(error, "exit_code", 1)) if isinstance(error, Problem) else 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from traceback import format_exc

        journal.error(f"{words(error)}: this is a fault of runtime-oci\n{format_exc()}")
        return 1


def _run(arguments: list[str], journal: Journal) -> int:
    values, rest = parse(OPTIONS, arguments, ordered=True)
    if values["version"]:
        from runtime.oci.version import text

        sys.stdout.write(text())
        return 0
    if values["help"] or not rest or rest[0] in ("help", "h"):
        from runtime.oci.guide import overview

        sys.stdout.write(overview())
        return 0
    settings = Settings(values, journal)
    name = rest[0]
    if name not in COMMANDS:
        journal.error(f"No help topic for '{name}'")
        return _UNKNOWN_COMMAND
    command: Any = __import__(f"runtime.oci.commands.{name}", None, None, ("COMMAND",))
    try:
        said, remaining = command.COMMAND.read(rest[1:])
    except Usage:
        from runtime.oci.guide import usage

        sys.stdout.write(usage(command.COMMAND))
        raise
    if said.get("help"):
        from runtime.oci.guide import usage

        sys.stdout.write(usage(command.COMMAND))
        return 0
    return int(command.execute(settings, said, remaining))
