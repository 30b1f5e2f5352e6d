from __future__ import annotations

from typing import Any

import pytest

from backends.errors import UnsupportedConfiguration
from backends.security.errors import BadProfile
from backends.security.profile import default_profile
from backends.security.seccomp import actions
from probes.finding import ABSENT, PRESENT, Finding
from probes.report import HostReport


def host(*present: str) -> HostReport:
    names = ("seccomp.filter", "seccomp.kill_process", "seccomp.log", "seccomp.notify")
    findings = [Finding(name, PRESENT if name in present else ABSENT, "the kernel is old") for name in names]
    return HostReport({}, {}, {}, findings)


def profile(action: str, **more: Any) -> dict[str, Any]:
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": action}], **more}


def test_the_default_profile_asks_nothing_of_a_kernel_but_filters() -> None:
    actions.check(default_profile("x86_64"), host("seccomp.filter"))


@pytest.mark.parametrize(
    ("action", "capability"), [("SCMP_ACT_KILL_PROCESS", "seccomp.kill_process"), ("SCMP_ACT_LOG", "seccomp.log")]
)
def test_an_action_that_the_kernel_lacks_is_refused_by_name(action: str, capability: str) -> None:
    """An old kernel would kill the thread instead."""
    actions.check(profile(action), host(capability))
    with pytest.raises(UnsupportedConfiguration, match=rf"syscalls\[0\].action.*{action}.*the kernel is old"):
        actions.check(profile(action), host())


def test_a_notification_that_nobody_would_answer_is_refused() -> None:
    actions.check(profile("SCMP_ACT_NOTIFY", listenerPath="/run/listener"), host("seccomp.notify"))
    with pytest.raises(UnsupportedConfiguration, match="listenerPath"):
        actions.check(profile("SCMP_ACT_NOTIFY"), host("seccomp.notify"))


def test_an_action_that_no_kernel_has_is_a_bad_profile() -> None:
    with pytest.raises(BadProfile, match="SCMP_ACT_ASK"):
        actions.check(profile("SCMP_ACT_ASK"), host())
