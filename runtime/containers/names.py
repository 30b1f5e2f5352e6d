"""Containers' names: reserved by a link that only one process can make. On the launch path.

A link and not a file: its content is there as soon as it is, and whoever is killed, or finds the disk full, leaves
either the whole of it or nothing.
"""

from __future__ import annotations

import errno
import os

from runtime.errors import InvalidInput, NameTaken
from runtime.paths import Paths

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")

# Ours; two plain words that read well together and are easily told on the telephone.
_FIRST = (
    "amber ancient autumn blue bold brave bright calm clever cosmic crimson curious dawn deep eager early fair "
    "fancy gentle golden grand green happy hidden honest humble icy jolly keen kind lively lucky mellow merry mighty "
    "misty modest noble olive patient plain polite proud quick quiet rapid red rosy royal rustic silent silver sleepy "
    "smart snowy solid spring steady sunny swift tidy tiny velvet vivid warm white wild wise witty young"
).split()
_SECOND = (
    "acorn anchor aspen badger beacon birch bison bridge brook canyon cedar cliff cloud comet coral cove crane creek "
    "dune eagle elm ember falcon fern field finch fjord forest fox glade grove harbor hawk heron hill island jay "
    "lagoon lake lantern lark linden lynx maple marsh meadow moon moss oak otter owl peak pebble pine pond prairie "
    "quail raven reef ridge river robin sail shore sparrow spruce star stone stream summit swan thicket tide trail "
    "valley walnut wave willow wren"
).split()


def check(name: str) -> None:
    """InvalidInput for a name that is not [a-zA-Z0-9][a-zA-Z0-9_.-]+, docker's rule."""
    if len(name) < 2 or not name[0].isalnum() or not set(name) <= _ALLOWED or len(name) > 200:
        raise InvalidInput(
            f"invalid container name {name!r}",
            "names have 2 to 200 characters out of a-z, A-Z, 0-9, _, . and -, and begin with a letter or a digit",
        )


def reserve(paths: Paths, name: str, identifier: str) -> None:
    """NameTaken, InvalidInput."""
    check(name)
    try:
        os.symlink(identifier, f"{paths.names}/{name}")
    except FileExistsError:
        raise NameTaken(
            f"the name {name!r} is taken by container {holder(paths, name)[:12]}",
            f"choose another, or remove that one: `runtime rm {name}`",
        ) from None


def invent(paths: Paths, identifier: str) -> str:
    """Reserves a name that nobody has."""
    for attempt in range(50):
        noise = os.urandom(2)
        name = f"{_FIRST[noise[0] % len(_FIRST)]}_{_SECOND[noise[1] % len(_SECOND)]}" + (
            str(attempt) if attempt else ""
        )
        try:
            reserve(paths, name, identifier)
        except NameTaken:
            continue
        return name
    reserve(paths, f"c{identifier[:16]}", identifier)
    return f"c{identifier[:16]}"


def holder(paths: Paths, name: str) -> str:
    """The identifier of the container of that name, or empty."""
    try:
        return os.readlink(f"{paths.names}/{name}")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL):  # the last: not a link
            return ""
        raise


def release(paths: Paths, name: str, identifier: str) -> None:
    """Frees a name if it is still that container's."""
    if name and holder(paths, name) == identifier:
        os.unlink(f"{paths.names}/{name}")
