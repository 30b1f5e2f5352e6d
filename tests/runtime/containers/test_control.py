from __future__ import annotations

import os
import socket
import threading
from typing import Any

import pytest

from runtime import records
from runtime.containers import control, state, status
from runtime.containers import record as containers
from runtime.containers.control import Target
from runtime.containers.status import Status
from runtime.errors import InvalidInput, WrongState
from runtime.monitor.protocol import message
from runtime.paths import Paths

ID = "ab" * 32


@pytest.fixture
def target(paths: Paths) -> Target:
    """A container whose monitor has begun, and does not listen yet."""
    os.mkdir(paths.container(ID))
    os.mkdir(paths.run(ID))
    record: dict[str, Any] = {"id": ID, "name": "web", "phase": containers.CREATED, "created": ""}
    containers.store(paths, record)
    return Target(paths, record, Status(status.RESTARTING, {}, {}))


def listen(paths: Paths, begun: threading.Event) -> None:
    begun.wait(10)
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(paths.run(ID), os.O_RDONLY | os.O_DIRECTORY)
        listener.bind(f"/proc/self/fd/{folder}/attach.sock")  # sun_path is short
        os.close(folder)
        listener.listen(1)
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(message({"ok": True}) + message({"event": "exit", "code": 137}))


def test_a_stop_waits_for_a_monitor_that_does_not_listen_yet(
    target: Target, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    real = control._is_free

    def looked(one: Target) -> bool:
        begun.set()  # the first try to reach it has failed
        return real(one)

    monkeypatch.setattr(control, "_is_free", looked)
    monitor = threading.Thread(target=listen, args=(paths, begun))
    monitor.start()
    with state.lock(paths, ID):
        assert control.stop(target, 9, 0)["code"] == 137
    monitor.join()


def test_a_stop_of_what_has_just_ended_tells_how_it_ended(target: Target, paths: Paths) -> None:
    records.store(paths.exit(ID), {"code": 3, "started": "x", "finished": "y"}, state.SCHEMA)
    assert control.stop(target, 9, 0)["code"] == 3


def test_a_stop_of_what_somebody_else_holds_for_ever_gives_up(
    target: Target, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_PATIENCE", 0.05)
    with state.lock(paths, ID), pytest.raises(WrongState):
        control.stop(target, 9, 0)


@pytest.mark.parametrize(("text", "number"), [("9", 9), ("KILL", 9), ("sigterm", 15), ("RTMIN+3", 37)])
def test_signals_go_by_name_and_by_number(text: str, number: int) -> None:
    assert control.signal_number(text) == number


@pytest.mark.parametrize("text", ["", "0", "65", "NOPE", "SIG_DFL", "TERM+x", "-9"])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="signal"):
        control.signal_number(text)
