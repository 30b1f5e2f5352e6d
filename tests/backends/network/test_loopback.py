from __future__ import annotations

import os
import socket
from typing import Callable

import pytest

from arch import kernel
from backends.network import loopback


def in_new_network(action: Callable[[], bool]) -> bool:
    """Runs `action` in a child with a network namespace of its own."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            kernel.unshare(kernel.CLONE_NEWNET)
            status = 0 if action() else 1
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1)
    return status == 0


def connects() -> bool:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.settimeout(5)
        return client.connect_ex(server.getsockname()) == 0


@pytest.mark.live
def test_loopback_is_down_in_a_new_namespace() -> None:
    assert not in_new_network(loopback.is_up)


@pytest.mark.live
def test_loopback_carries_connections_once_it_is_up() -> None:
    def action() -> bool:
        loopback.bring_up()
        return loopback.is_up() and connects()

    assert in_new_network(action)


@pytest.mark.live
def test_bringing_it_up_twice_changes_nothing() -> None:
    def action() -> bool:
        loopback.bring_up()
        loopback.bring_up()
        return loopback.is_up()

    assert in_new_network(action)


@pytest.mark.live
def test_a_caller_without_the_right_gets_the_kernels_refusal() -> None:
    def action() -> bool:
        os.setuid(65534)
        try:
            loopback.bring_up()
        except PermissionError:
            return True
        return False

    assert in_new_network(action)
