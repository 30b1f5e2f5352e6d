"""Room kept for removing: on a full disk, the record that says an image is gone has to be written before it goes."""

from __future__ import annotations

import os

from runtime import records
from runtime.errors import NoSpace, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.paths import Paths

SIZE = 64 << 10  # bytes, more than the records of thousands of images grow in one removal


def _path(paths: Paths) -> str:
    return f"{paths.images}/ballast"


def take_aboard(paths: Paths) -> None:
    """Keeps the room, if there is any."""
    if os.path.exists(_path(paths)):
        return
    try:
        # Random, since some file systems would store zeros for nothing.
        records.write(_path(paths), os.urandom(SIZE))
    except Problem:
        return  # what was to be done has been done


def spend(paths: Paths, write: Callable[[], None]) -> None:
    """Writes, if need be into the room that was kept."""
    try:
        write()
    except NoSpace:
        try:
            os.unlink(_path(paths))
        except FileNotFoundError:
            pass
        write()
