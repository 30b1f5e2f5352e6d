"""A client's end of a monitor's socket."""

from __future__ import annotations

import _socket  # `socket` costs 4 ms more, for its enumerations
import os

from runtime.errors import CommandNotExecutable, CommandNotFound, Problem, WrongState
from runtime.monitor.protocol import CONTROL, BadFrame, Decoder, content, frame, message
from runtime.paths import Paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHUNK = 65536
_KINDS: dict[object, type[Problem]] = {126: CommandNotExecutable, 127: CommandNotFound}


class MonitorLost(Problem):
    """The monitor went away without saying how its container ended."""


class Connection:
    """`fileno` makes it usable with poll; `receive` returns the frames that are there, `None` at the end."""

    def __init__(self, connection: _socket.socket) -> None:
        self._socket = connection
        self._decoder = Decoder()
        self._early: list[tuple[int, bytes]] = []

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def early(self) -> bool:
        """Whether `receive` has frames already that came with an answer: the socket will not be readable for them."""
        return bool(self._early)

    def send(self, request: dict[str, Any]) -> None:
        self._write(message(request))

    def write(self, stream: int, data: bytes) -> None:
        self._write(frame(stream, data))

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise MonitorLost("the container's monitor went away") from error

    def offer(self, data: bytes) -> int:
        """Sends as much of `data` (whole frames, in the end) as goes without waiting: how many bytes. MonitorLost."""
        try:
            return self._socket.send(data, _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError) as error:
            raise MonitorLost("the container's monitor went away") from error

    def receive(self) -> list[tuple[int, bytes]] | None:
        """Waits for frames. MonitorLost if the peer speaks nonsense."""
        if self._early:
            early, self._early = self._early, []
            return early
        try:
            data = self._socket.recv(_CHUNK)
        except ConnectionResetError:
            data = b""
        if not data:
            return None
        try:
            return self._decoder.feed(data)
        except BadFrame as error:
            raise MonitorLost(f"the container's monitor sent {error}") from error

    def answer(self) -> dict[str, Any]:
        """The next control object; frames of output that come before it are kept for `receive`. MonitorLost."""
        kept: list[tuple[int, bytes]] = []
        while True:
            frames = self.receive()
            if frames is None:
                raise MonitorLost(
                    "the container's monitor went away", "the next command repairs what it left; see monitor.log"
                )
            for position, (stream, data) in enumerate(frames):
                if stream == CONTROL:
                    self._early = kept + frames[position + 1 :]
                    return content(data)
                kept.append((stream, data))

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sends a request and returns its answer. Problem if the monitor refuses."""
        self.send(request)
        answer = self.answer()
        if "error" in answer:
            raise Problem(str(answer["error"]))
        return answer

    def started(self) -> dict[str, Any]:
        """Waits for the start event. Problem, with the exit code of what failed, if it could not start."""
        while True:
            event = self.answer()
            if event.get("event") == "start":
                return event
            if event.get("event") in ("failed", "exit"):
                kind = _KINDS.get(event.get("code"), Problem)
                raise kind(str(event.get("error") or "the container did not start"), str(event.get("hint") or ""))

    def ended(self) -> dict[str, Any]:
        """Waits for the exit event, letting output go by."""
        while True:
            event = self.answer()
            if event.get("event") in ("exit", "failed"):
                return event

    def close(self) -> None:
        self._socket.close()


def connect(paths: Paths, identifier: str) -> Connection:
    """WrongState if no monitor listens."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        folder = os.open(paths.run(identifier), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connection.connect(f"/proc/self/fd/{folder}/attach.sock")  # sun_path holds 107 bytes, --state may be longer
        finally:
            os.close(folder)
    except OSError as error:
        connection.close()
        raise WrongState(f"container {identifier[:12]} is not running", "start it first") from error
    return Connection(connection)
