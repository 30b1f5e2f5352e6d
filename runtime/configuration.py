"""The file in which a user, or whoever runs the machine, settles things once: settings.json. On the launch path.

    {"isolation": {"require": ["seccomp"], "prefer": ["memory-limit"], "forbid": []},
     "backends": {"storage": "copy"},
     "storage": {"devicemapper": {"data-size": "50g", "filesystem": "xfs"}}}

JSON, as docker's daemon.json is: Python 3.9 reads no TOML, and starting a container cannot wait for a parser of ours.
"""

from __future__ import annotations

import os

from runtime import records
from runtime.errors import Damaged, InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PLACE = "RUNTIME_CONFIG"  # of the environment: this file and no other; empty: none
SYSTEM = "/etc/runtime/settings.json"
STRENGTHS = ("require", "prefer", "forbid")
FAMILIES = ("execution", "storage", "cgroups", "network")


class Configuration:
    """`isolation`: what is wished of each guarantee that the file names. `storage`: options by backend. `path`: empty
    where there is no file."""

    __slots__ = ("backends", "isolation", "path", "storage")

    def __init__(
        self,
        path: str = "",
        isolation: dict[str, str] | None = None,
        backends: dict[str, str] | None = None,
        storage: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self.path = path
        self.isolation = isolation or {}
        self.backends = backends or {}
        self.storage = storage or {}


def read(environment: Mapping[str, str], user: int) -> Configuration:
    """Of the file that applies: one, never a mixture. InvalidInput for anything in it that is not understood, since a
    word that was misspelled must not pass for a wish."""
    for path in _places(environment, user):
        try:
            return parse(path, records.load(path))
        except FileNotFoundError:
            if PLACE in environment:
                raise InvalidInput(f"{PLACE}={path}: there is no such file", f"make it, or unset {PLACE}") from None
        except Damaged as error:
            raise InvalidInput(str(error), f"correct {path}: it is a JSON object") from error
    return Configuration()


def _places(environment: Mapping[str, str], user: int) -> list[str]:
    if PLACE in environment:
        return [environment[PLACE]] if environment[PLACE] else []
    if user == 0:
        return [SYSTEM]
    folder = environment.get("XDG_CONFIG_HOME", "")
    if not folder.startswith("/"):
        folder = environment.get("HOME", "/nonexistent") + "/.config"
    return [os.path.join(folder, "runtime/settings.json"), SYSTEM]


def parse(path: str, found: dict[str, Any]) -> Configuration:
    from backends.guarantees import GUARANTEES  # only where there is a file

    _known(path, found, ("isolation", "backends", "storage"))
    wishes = _table(path, found, "isolation")
    _known(f"{path}: isolation", wishes, STRENGTHS)
    isolation: dict[str, str] = {}
    for strength, names in wishes.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InvalidInput(f"{path}: isolation.{strength} is not a list of names", 'such as ["seccomp"]')
        for name in names:
            if name not in GUARANTEES:
                raise InvalidInput(
                    f"{path}: isolation.{strength}: no guarantee is called {name!r}",
                    f"they are {', '.join(GUARANTEES)}",
                )
            if isolation.setdefault(name, strength) != strength:
                raise InvalidInput(
                    f"{path}: isolation.{isolation[name]} and isolation.{strength} contradict each other: both name "
                    f"{name}",
                    "leave it in one of them",
                )
    backends = _table(path, found, "backends")
    _known(f"{path}: backends", backends, FAMILIES)
    for family, name in backends.items():
        if not isinstance(name, str):
            raise InvalidInput(f"{path}: backends.{family} is not a name", 'such as "copy"')
    return Configuration(path, isolation, backends, _storage(path, _table(path, found, "storage")))


def _storage(path: str, table: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The options of storage backends: {"devicemapper": {"data-size": "50g"}}."""
    from backends.errors import StorageError
    from backends.storage import options

    _known(f"{path}: storage", table, tuple(options.OPTIONS))
    for backend, given in table.items():
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise InvalidInput(f"{path}: storage.{backend} is not an object of texts", 'such as {"data-size": "50g"}')
        for name, value in given.items():
            try:
                options.check(backend, name, value)
            except StorageError as error:
                raise InvalidInput(f"{path}: {error}", error.hint) from error
    return table


def _table(path: str, found: dict[str, Any], name: str) -> dict[str, Any]:
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise InvalidInput(f"{path}: {name} is not an object", "`docs/isolation.md` shows one")
    return table


def _known(where: str, found: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in found:
        if name not in names:
            raise InvalidInput(f"{where}: nothing is called {name!r}", f"there are {', '.join(names)}")
