"""Finding containers by name, by identifier, by the beginning of one."""

from __future__ import annotations

import os

from runtime.containers import names
from runtime.containers import record as containers
from runtime.containers.record import Record
from runtime.errors import Ambiguous, Damaged, UnknownContainer
from runtime.paths import Paths

_HEX = frozenset("0123456789abcdef")


def identifiers(paths: Paths) -> list[str]:
    try:
        return sorted(name for name in os.listdir(paths.containers) if len(name) == 64 and set(name) <= _HEX)
    except FileNotFoundError:
        return []


def resolve(paths: Paths, reference: str) -> str:
    """The identifier of the container meant. UnknownContainer, Ambiguous."""
    if "/" not in reference and reference not in ("", ".", ".."):
        owner = names.holder(paths, reference)
        if owner and os.path.isdir(paths.container(owner)):
            return owner
    fitting = [name for name in identifiers(paths) if reference and name.startswith(reference)]
    if len(fitting) > 1:
        raise Ambiguous(
            f"{reference!r} is the beginning of {len(fitting)} containers' identifiers", "give more of it, or the name"
        )
    if not fitting:
        raise UnknownContainer(
            f"no container {reference!r}", "`runtime ps --all` lists the containers there are, by name and identifier"
        )
    return fitting[0]


def find(paths: Paths, reference: str) -> Record:
    return containers.load(paths, resolve(paths, reference))


def everything(paths: Paths) -> tuple[list[Record], list[Damaged]]:
    """All containers, the newest first; and what is said of those whose record cannot be read."""
    found: list[Record] = []
    damaged: list[Damaged] = []
    for identifier in identifiers(paths):
        try:
            found.append(containers.load(paths, identifier))
        except UnknownContainer:
            continue  # being removed, or not begun
        except Damaged as error:
            damaged.append(error)
    found.sort(key=lambda record: str(record.get("created", "")), reverse=True)
    return found, damaged
