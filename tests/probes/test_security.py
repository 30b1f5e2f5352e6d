from __future__ import annotations

import pytest

from probes import security
from probes.inquiry import Circumstances, Inquiry
from tests.hosts.model import Constructed


@pytest.mark.parametrize(
    ("label", "restricts"),
    [
        ("unconfined\n", False),
        ("", False),
        ("kernel", False),
        ("unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0", False),
        ("docker-default (enforce)\n", True),
        ("system_u:system_r:container_t:s0:c1,c2\0", True),
    ],
)
def test_a_label_that_restricts_is_told_from_one_that_does_not(label: str, restricts: bool) -> None:
    host = Constructed("", "6.1.0", files={"/proc/self/attr/current": label})
    assert bool(security.confinement(host)) == restricts


def test_modules_are_those_of_the_kernels_list_or_of_their_traces() -> None:
    listed = Constructed("", "6.1.0", files={"/sys/kernel/security/lsm": "capability,yama,apparmor"})
    assert security.modules(listed) == ("capability", "yama", "apparmor")
    older = Constructed("", "3.10.0", folders={"/selinux": ("enforce",)})
    assert security.modules(older) == ("selinux",)
    assert security.modules(Constructed("", "3.10.0")) == ()


def test_where_one_of_the_two_is_active_nobody_blocks_the_other() -> None:
    files = {"/sys/module/apparmor/parameters/enabled": "Y\n"}
    inquiry = Inquiry(Constructed("", "6.1.0", files=files), Circumstances(lsms=("apparmor",), effective=-1))
    found = {finding.capability: finding for finding in security.findings(inquiry)}
    assert found["lsm.apparmor"].present
    assert (found["lsm.selinux"].state, found["lsm.selinux"].blocker) == ("absent", "")
