from __future__ import annotations

import pytest

from probes import network
from probes.host import Outcome
from probes.inquiry import Circumstances, Inquiry
from tests.hosts.model import Constructed, refused

ROOT = Circumstances(effective=-1, numbers=(6, 1), family="debian")


@pytest.mark.parametrize(
    ("version", "flavour"),
    [
        ("iptables v1.8.9 (nf_tables)\n", "nf_tables"),
        ("iptables v1.8.9 (legacy)\n", "legacy"),
        ("iptables v1.4.21\n", "legacy"),
        ("", "unknown"),
    ],
)
def test_the_flavour_of_iptables_is_told_by_its_version(version: str, flavour: str) -> None:
    assert network.flavour(version) == flavour


def _iptables(host: Constructed) -> tuple[str, str, str]:
    finding = {finding.capability: finding for finding in network.findings(Inquiry(host, ROOT))}["network.iptables"]
    return finding.state, finding.value, finding.remedy


def test_without_the_program_its_package_is_named() -> None:
    assert _iptables(Constructed("", "6.1.0")) == ("absent", "", "apt-get install iptables")


def test_a_flavour_that_does_not_work_gives_way_to_one_that_does() -> None:
    """iptables of one flavour on a kernel with the other's tables: both are often installed."""
    host = Constructed(
        "",
        "6.1.0",
        programs=("iptables", "iptables-legacy"),
        outputs={
            "/usr/sbin/iptables --version": "iptables v1.8.9 (nf_tables)",
            "/usr/sbin/iptables-legacy --version": "iptables v1.8.9 (legacy)",
        },
        trials={
            "network.iptables /usr/sbin/iptables": Outcome(False, "", "iptables -t nat -S", "not supported"),
        },
    )
    assert _iptables(host)[:2] == ("present", "legacy")


def test_forwarding_is_what_the_sysctl_says() -> None:
    def state(files: dict[str, str]) -> str:
        host = Constructed("", "6.1.0", files=files, trials={"network": refused("EPERM", "x")})
        return {finding.capability: finding.state for finding in network.findings(Inquiry(host, ROOT))}[
            "network.forward"
        ]

    assert state({"/proc/sys/net/ipv4/ip_forward": "1\n"}) == "present"
    assert state({"/proc/sys/net/ipv4/ip_forward": "0\n"}) == "absent"
    assert state({}) == "unknown"
