"""What one call of the program shares: its settings, and the engine made when it is first needed."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtime.engine import Engine
    from runtime.settings import Settings
    from runtime.volumes.volume import VolumeStore

_CAP_SYS_ADMIN = 21  # capabilities(7)


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


_current: list[Session] = []


def begin(settings: Settings) -> None:
    """Who may not make namespaces and mounts, an ordinary user or a root from whom that was taken, becomes root in a
    user namespace of his, where that can be had."""
    if settings.rootless or not _may_administer():
        from runtime.rootless.namespace import enter

        settings.outside = enter(settings.paths.state)
    _current[:] = [Session(settings)]


def _may_administer() -> bool:
    from arch import kernel

    return bool(kernel.capget()[0] >> _CAP_SYS_ADMIN & 1)


def settled(root: str, state: str, debug: bool, execution: str, storage: str, cgroups: str) -> Settings:
    """The settings by the flags before all commands."""
    from runtime.settings import settle

    forced = {"execution": execution, "storage": storage, "cgroups": cgroups}
    return settle(root, state, {family: name for family, name in forced.items() if name}, debug)


def session() -> Session:
    """The session of the command that is running."""
    if not _current:  # shell completion runs commands' callbacks without the group's
        from runtime.settings import settle

        begin(settle())
    return _current[0]


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
