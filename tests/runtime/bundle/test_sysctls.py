from __future__ import annotations

import pytest

from runtime.bundle.sysctls import check_sysctls, normal_name
from runtime.errors import InvalidInput

ALL = frozenset({"network", "ipc", "uts"})


@pytest.mark.parametrize("name", ["net.core.somaxconn", "kernel.shmmax", "fs.mqueue.msg_max", "kernel.domainname"])
def test_a_setting_of_a_namespace_is_allowed(name: str) -> None:
    assert check_sysctls({name: "1"}, ALL) == {name: "1"}


@pytest.mark.parametrize("name", ["kernel.core_pattern", "vm.swappiness", "kernel.hostname", "fs.file-max", "netx.y"])
def test_a_setting_of_the_whole_host_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="whole host"):
        check_sysctls({name: "1"}, ALL)


@pytest.mark.parametrize(
    ("name", "kind"), [("net.core.somaxconn", "network"), ("kernel.sem", "ipc"), ("kernel.domainname", "uts")]
)
def test_a_setting_of_a_shared_namespace_is_refused(name: str, kind: str) -> None:
    with pytest.raises(InvalidInput, match="shares"):
        check_sysctls({name: "1"}, ALL - {kind})


def test_slashes_separate_where_they_come_first() -> None:
    assert normal_name("net/ipv4/conf/eth0.1/forwarding") == "net.ipv4.conf.eth0/1.forwarding"
    assert normal_name("net.ipv4.conf.eth0/1.forwarding") == "net.ipv4.conf.eth0/1.forwarding"
