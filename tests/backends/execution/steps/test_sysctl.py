"""Names of sysctls."""

from __future__ import annotations

import pytest

from backends.execution.steps.sysctl import path_of


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"),
        ("net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"),
    ],
)
def test_dots_and_slashes_trade_places(name: str, path: str) -> None:
    assert path_of(name) == f"/proc/sys/{path}"
