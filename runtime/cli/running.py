"""Starting containers and staying with them: what `run`, `start` and `attach` share."""

from __future__ import annotations

import os
import sys

from runtime.cli import terminal
from runtime.cli.session import engine, notice, say
from runtime.containers.attachment import DETACHED, LOST, Attachment, DetachKeys, Ending, parse_keys
from runtime.containers.record import given_up
from runtime.errors import Conflict, InvalidInput, Problem, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runtime.containers.connection import Connection
    from runtime.containers.launch import Waiting
    from runtime.containers.request import Request

DETACH_KEYS = "ctrl-p,ctrl-q"


class Streams:
    """Which streams a person wants, and how the container's terminal is."""

    __slots__ = ("keys", "stderr", "stdin", "stdout", "tty")

    def __init__(self, stdin: bool, stdout: bool, stderr: bool, tty: bool, keys: str = "") -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty
        self.keys = parse_keys(keys or DETACH_KEYS)

    def wish(self) -> dict[str, Any]:
        """The attach request's fields."""
        size = terminal.size(0) or terminal.size(1) if self.tty else []
        return {"stdin": self.stdin, "stdout": self.stdout, "stderr": self.stderr, "size": size}


def streams_of(request: Request) -> Streams:
    """docker's rule: all of them, but stdin only with --interactive; or those that --attach names."""
    named = request.attach
    return Streams(
        stdin=("stdin" in named) if named else request.interactive,
        stdout=not named or "stdout" in named,
        stderr=not named or "stderr" in named,
        tty=request.tty,
        keys=request.detach_keys,
    )


def create(request: Request, monitor: Waiting | None = None) -> str:
    """The new container's identifier. What the host could not give although it was preferred is said on stderr."""
    if request.cidfile and os.path.lexists(request.cidfile):
        raise Conflict(f"--cidfile {request.cidfile} exists already", "remove it, or give another name")
    identifier = engine().create(request, monitor)
    record = engine().target(identifier).record
    for line in [*given_up(record), *record["notices"]]:
        notice(f"Notice: {line}")
    if request.cidfile:
        _write_new(request.cidfile, identifier)
    return identifier


def _write_new(path: str, text: str) -> None:
    try:
        with open(path, "x", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise explain(error, f"write --cidfile {path}") from error


def run_detached(request: Request, monitor: Waiting) -> int:
    identifier = create(request, monitor)
    _started(request, identifier, lambda: engine().start(identifier, None, monitor))
    say(identifier)
    return 0


def run_attached(request: Request, monitor: Waiting, proxy: bool) -> int:
    """The program's exit status."""
    streams = streams_of(request)
    check_terminal(streams)
    identifier = create(request, monitor)

    def start() -> Connection | None:
        return _started(request, identifier, lambda: engine().start(identifier, streams.wish(), monitor))

    return within_terminal(streams, lambda: stay(start, streams, proxy))


def _started(request: Request, identifier: str, start: Callable[[], Connection | None]) -> Connection | None:
    """A container that was only to live for this run does not stay behind when it cannot start."""
    try:
        return start()
    except BaseException:
        if request.auto_remove:
            try:
                engine().remove(identifier, force=True, volumes=True)
            except Problem as error:
                notice(f"Warning: the container {identifier[:12]} stays behind: {error}")
        raise


def check_terminal(streams: Streams) -> None:
    if streams.tty and streams.stdin and not terminal.is_terminal(0):
        raise InvalidInput("--tty: standard input is not a terminal", "leave out -t, or call it from a terminal")


def within_terminal(streams: Streams, action: Callable[[], int]) -> int:
    if streams.tty and streams.stdin:
        return terminal.with_terminal(0, action)
    return action()


def stay(begin: Callable[[], Connection | None], streams: Streams, proxy: bool) -> int:
    """Follows a container to its end: the exit status to leave with. `begin` makes the connection, with signals kept
    for the program already, so that none is lost between its start and our being ready."""
    keys = DetachKeys(streams.keys) if streams.tty and streams.stdin else None
    screen = (0 if terminal.is_terminal(0) else 1) if streams.tty else None
    stdin = 0 if streams.stdin else None
    sys.stdout.flush()
    with terminal.Signals(proxy and not streams.tty, screen) as signals:
        connection = begin()
        assert connection is not None
        ending = Attachment(connection, stdin, 1, 2, keys, signals).follow()
    return _left(ending)


def redraw(connection: Connection) -> None:
    """Changes the size of the container's terminal and changes it back: what runs there draws itself anew."""
    rows, columns = terminal.size(0) or terminal.size(1) or (24, 80)
    connection.send({"op": "resize", "size": [rows + 1, columns + 1]})
    connection.send({"op": "resize", "size": [rows, columns]})


def _left(ending: Ending) -> int:
    if ending.kind == LOST:
        raise Problem(
            "the container's monitor went away before it said how the container ended",
            "`runtime ps --all` shows how it stands, and repairs what is left",
        )
    if ending.kind == DETACHED:
        sys.stderr.write("\r\n")
    return ending.code
