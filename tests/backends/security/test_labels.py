from __future__ import annotations

import pytest

from backends.errors import UnsupportedConfiguration
from backends.security import apparmor, selinux
from probes.finding import ABSENT, PRESENT, Finding
from probes.report import HostReport

CONTEXT = "system_u:system_r:container_t:s0:c1,c2"


def host(state: str) -> HostReport:
    findings = [Finding(name, state, "said the host", remedy="do this") for name in ("lsm.apparmor", "lsm.selinux")]
    return HostReport({}, {}, {}, findings)


def test_labels_are_accepted_where_the_module_is_active() -> None:
    apparmor.check("docker-default", host(PRESENT))
    selinux.check(CONTEXT, host(PRESENT))


def test_a_label_that_this_host_cannot_apply_is_refused_with_reason_and_remedy() -> None:
    with pytest.raises(UnsupportedConfiguration, match="said the host") as caught:
        apparmor.check("docker-default", host(ABSENT))
    assert caught.value.hint == "do this"
    with pytest.raises(UnsupportedConfiguration, match="said the host"):
        selinux.check(CONTEXT, host(ABSENT))


@pytest.mark.parametrize("profile", ["", "unconfined"])
def test_no_profile_asks_nothing_of_the_host(profile: str) -> None:
    apparmor.check(profile, host(ABSENT))
    assert apparmor.exec_label(profile) == ""


def test_the_kernel_is_told_with_the_word_exec() -> None:
    assert apparmor.exec_label("docker-default") == "exec docker-default"


@pytest.mark.parametrize("profile", ["two\nlines", "nul\0"])
def test_an_apparmor_profile_with_control_characters_is_refused(profile: str) -> None:
    with pytest.raises(UnsupportedConfiguration):
        apparmor.check(profile, host(PRESENT))


@pytest.mark.parametrize("label", ["container_t", "a::c", "user role type", "a:b:c\n"])
def test_a_context_without_its_parts_is_refused(label: str) -> None:
    with pytest.raises(UnsupportedConfiguration, match="no context"):
        selinux.check(label, host(PRESENT))


def test_no_context_asks_nothing_of_the_host() -> None:
    selinux.check("", host(ABSENT))
