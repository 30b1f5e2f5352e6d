from __future__ import annotations

import _socket
import os
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.containers.launch import Waiting
from runtime.monitor import orders
from runtime.monitor.protocol import message


@pytest.fixture
def ends() -> Iterator[tuple[_socket.socket, _socket.socket]]:
    ours, theirs = _socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_orders_arrive_one_by_one_and_leave_the_request_behind_them(
    ends: tuple[_socket.socket, _socket.socket],
) -> None:
    ours, theirs = ends
    orders.send(ours, {"load": {}})
    orders.send(ours, {"id": "x" * 100_000}, request=message({"op": "attach"}))
    assert orders.receive(theirs) == ({"load": {}}, -1)
    assert orders.receive(theirs) == ({"id": "x" * 100_000}, -1)
    assert theirs.recv(4096) == message({"op": "attach"})


def test_a_lock_goes_along(ends: tuple[_socket.socket, _socket.socket]) -> None:
    ours, theirs = ends
    reading, writing = os.pipe()
    orders.send(ours, {"id": "x"}, writing)
    os.close(writing)
    _, lock = orders.receive(theirs)
    assert not os.get_inheritable(lock)
    os.write(lock, b"!")
    os.close(lock)
    assert os.read(reading, 2) == b"!"
    os.close(reading)


def test_the_end_of_the_stream_is_no_order(ends: tuple[_socket.socket, _socket.socket]) -> None:
    ours, theirs = ends
    ours.send(message({"id": "x"})[:-3])
    ours.close()
    assert orders.receive(theirs) == (None, -1)


def test_a_monitor_that_is_not_needed_ends_quietly() -> None:
    with Waiting() as monitor:
        monitor.expect({"execution": "namespaces"})
    assert os.waitpid(monitor.pid, 0)[1] == 0


class Quick(_socket.socket):
    """A sender's end whose peer has read everything, and left, before the sender goes on."""

    peer: _socket.socket

    def sendmsg(self, *arguments: Any) -> int:
        sent = super().sendmsg(*arguments)
        orders.receive(self.peer)
        self.peer.close()
        return sent


def test_a_monitor_that_has_done_its_work_already_is_not_taken_for_lost() -> None:
    ours, theirs = _socket.socketpair()
    sender = Quick(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, ours.detach())
    sender.peer = theirs
    orders.send(sender, {"id": "x"})
    sender.close()
