"""Archives that commands read and write: a file, or standard input and output where these are no terminals."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

from runtime.errors import InvalidInput, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def writing(path: str) -> Iterator[BinaryIO]:
    """A file appears whole or not at all."""
    if not path:
        if sys.stdout.isatty():
            raise InvalidInput("an archive on a terminal is no use", "write it to a file with --output, or into a pipe")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as stream:  # a device or a FIFO
            yield stream
        return
    unfinished = f"{path}.{os.getpid()}.part"
    try:
        stream = open(unfinished, "xb")
    except OSError as error:
        raise explain(error, f"write {path}") from error
    try:
        with stream:
            yield stream
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


@contextmanager
def reading(path: str) -> Iterator[BinaryIO]:
    """ "-" and the empty path are standard input."""
    if path in ("", "-"):
        if sys.stdin.isatty():
            raise InvalidInput("nothing comes on standard input", "name a file, or pipe an archive in")
        yield sys.stdin.buffer
        return
    try:
        stream = open(path, "rb")
    except OSError as error:
        raise explain(error, f"read {path}") from error
    with stream:
        yield stream
