from __future__ import annotations

import _socket
import os
import select
import threading

from runtime.containers.attachment import EXITED, Attachment
from runtime.containers.connection import Connection
from runtime.monitor.protocol import STDOUT, frame, message


class NoEvents:
    """Nothing ever happens to this process."""

    ended = 0

    def __init__(self) -> None:
        self._never, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._never

    def requests(self) -> list[dict[str, object]]:
        return []

    def close(self) -> None:
        os.close(self._never)
        os.close(self._writer)


def test_output_that_came_with_an_answer_is_shown_before_more_comes() -> None:
    ours, theirs = _socket.socketpair()
    shown, stdout = os.pipe()
    events = NoEvents()
    seen: list[bool] = []

    def end_it_once_shown() -> None:
        seen.append(bool(select.select((shown,), (), (), 5.0)[0]))
        theirs.send(message({"event": "exit", "code": 4}))

    connection = Connection(ours)
    theirs.send(message({"event": "start"}) + frame(STDOUT, b"prompt> "))
    connection.started()
    monitor = threading.Thread(target=end_it_once_shown)
    monitor.start()
    ending = Attachment(connection, None, stdout, stdout, None, events).follow()
    monitor.join()
    assert (seen, ending.kind, ending.code) == ([True], EXITED, 4)
    assert os.read(shown, 100) == b"prompt> "
    theirs.close()
    events.close()
    for descriptor in (shown, stdout):
        os.close(descriptor)
