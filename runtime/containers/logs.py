"""Reading what a container said, from its log files."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.containers import status
from runtime.containers.record import Record
from runtime.errors import Unsupported
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_INTERVAL = 0.05  # seconds between two looks for more


@dataclass(frozen=True)
class Line:
    """`time` is RFC 3339 in UTC with nanoseconds, so texts compare as times do."""

    stream: str
    time: str
    data: bytes


def read(
    paths: Paths,
    record: Record,
    follow: bool = False,
    tail: int | None = None,
    since: str = "",
    until: str = "",
) -> Iterator[Line]:
    """The lines of a container's log; with `follow`, those to come, until it ends. Unsupported if none is kept."""
    if record["log"]["driver"] == "none":
        raise Unsupported(
            f"container {record['name']} keeps no log",
            "it was made with --log-driver none; `attach` shows what it says now",
        )
    path = paths.log(record["id"])
    lines = _wanted(_kept(path), since, until)
    if tail is not None:
        lines = iter(deque(lines, maxlen=tail))
    if not follow:
        yield from lines
        return
    with _Follower(path) as follower:  # opened before the old lines are read: what comes meanwhile is not lost
        yield from lines
        yield from _wanted(follower.lines(lambda: status.observe(paths, record).busy), since, until)


def _kept(path: str) -> Iterator[Line]:
    number = 1
    while os.path.exists(f"{path}.{number}"):
        number += 1
    for name in [f"{path}.{older}" for older in range(number - 1, 0, -1)] + [path]:
        try:
            with open(name, "rb") as file:
                for text in file:
                    line = parse(text)
                    if line is not None:
                        yield line
        except FileNotFoundError:
            continue


def _wanted(lines: Iterator[Line], since: str, until: str) -> Iterator[Line]:
    for line in lines:
        if since and line.time < since:
            continue
        if until and line.time > until:
            return
        yield line


def parse(text: bytes) -> Line | None:
    """One line of the log; None for one that a crash tore."""
    try:
        entry = json.loads(text)
        return Line(str(entry["stream"]), str(entry["time"]), str(entry["log"]).encode())
    except (ValueError, KeyError, TypeError):
        return None


class _Follower:
    """Reads on at the end of a file that grows, and that may be rotated away."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._torn = b""

    def __enter__(self) -> _Follower:
        self._open(at_end=True)
        return self

    def __exit__(self, *failure: object) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self, at_end: bool) -> None:
        try:
            self._file = open(self._path, "rb")
        except FileNotFoundError:
            self._file = None
            return
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def lines(self, busy: object) -> Iterator[Line]:
        """Until `busy()` says that nobody writes any more, and all is read."""
        assert callable(busy)
        going = True
        while True:
            found = False
            for line in self._more():
                found = True
                yield line
            if found:
                continue
            if not going:
                return
            going = bool(busy())
            if going:
                time.sleep(_INTERVAL)

    def _more(self) -> Iterator[Line]:
        if self._file is None:
            self._open(at_end=False)
        if self._file is None:
            return
        yield from self._read()
        if self._rotated():
            yield from self._read()
            self._file.close()
            self._torn = b""
            self._open(at_end=False)
            yield from self._read()

    def _read(self) -> Iterator[Line]:
        assert self._file is not None
        for text in self._file:
            text = self._torn + text
            self._torn = b""
            if not text.endswith(b"\n"):
                self._torn = text
                return
            line = parse(text)
            if line is not None:
                yield line

    def _rotated(self) -> bool:
        assert self._file is not None
        try:
            return os.stat(self._path).st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return False
