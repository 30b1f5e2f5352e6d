"""What one call of the program shares: its settings, and the engine made when it is first needed."""

from __future__ import annotations

import sys

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.engine import Engine
    from runtime.settings import Settings
    from runtime.volumes.volume import VolumeStore


class Session:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            from runtime.engine import Engine

            self._engine = Engine(self.settings)
        return self._engine


def session() -> Session:
    """The session of the command that is running."""
    found = click.get_current_context().find_object(Session)
    if found is None:  # shell completion runs commands' callbacks without the group's
        from runtime.settings import settle

        return Session(settle())
    return found


def engine() -> Engine:
    return session().engine


def volumes() -> VolumeStore:
    from runtime.volumes.volume import VolumeStore

    paths = session().settings.paths
    paths.prepare()
    return VolumeStore(paths)


def say(text: str = "") -> None:
    """A line on standard output."""
    print(text)


def notice(text: str) -> None:
    """A line on standard error, for people."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
