"""The group of all commands, for click."""

from __future__ import annotations

import click

from runtime.cli import session
from runtime.cli.catalogue import COMMANDS, GLOBAL
from runtime.cli.command import LazyGroup, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _begin(**general: Any) -> None:
    session.begin(session.settled(**general))


def root(version: str) -> LazyGroup:
    group = LazyGroup(
        "runtime",
        entries=COMMANDS,
        callback=_begin,
        params=[option(flag) for flag in GLOBAL],
        context_settings={"max_content_width": 110},
        help="Runs containers on every Linux machine.",
        epilog="`runtime COMMAND --help` tells more of a command.",
    )
    versioned: LazyGroup = click.version_option(version, "-v", "--version", message="runtime version %(version)s")(
        group
    )
    return versioned
