from __future__ import annotations

from typing import Any

import pytest

from backends.guarantees import GUARANTEES
from runtime.bundle.demands import LIMITS
from runtime.bundle.relinquishing import fulfil, relinquish, relinquish_mounts
from runtime.containers.request import Request, Resources

FULL = Request(
    hostname="h",
    read_only=True,
    userns="private",
    cgroupns="private",
    security_options=("seccomp=/p.json", "no-new-privileges", "label=disable"),
    seccomp_profile={"a": 1},
    resources=Resources(
        memory=1 << 30, memory_swap=2 << 30, nano_cpus=5, pids_limit=3, cpuset_cpus="0", blkio_weight=9
    ),
)


@pytest.mark.parametrize(
    ("lost", "changes"),
    [
        ("pid-namespace", {"pid": "host"}),
        ("network-namespace", {"network": "host"}),
        ("uts-namespace", {"uts": "host", "hostname": ""}),
        ("user-namespace", {"userns": "host"}),
        ("cgroup-namespace", {"cgroupns": "host"}),
        ("read-only-root", {"read_only": False}),
        ("no-new-privileges", {"security_options": ("seccomp=/p.json", "label=disable")}),
        (
            "seccomp",
            {
                "security_options": ("no-new-privileges", "label=disable", "seccomp=unconfined"),
                "seccomp_profile": None,
            },
        ),
        (
            "masked-paths",
            {"security_options": (*FULL.security_options, "systempaths=unconfined")},
        ),
        ("memory-limit", {"resources": FULL.resources.replaced(memory=None, memory_swap=None)}),
        ("swap-limit", {"resources": FULL.resources.replaced(memory_swap=None)}),
        ("pids-limit", {"resources": FULL.resources.replaced(pids_limit=None)}),
        ("own-root", {}),
    ],
)
def test_what_is_given_up_is_no_longer_asked_of_the_backend(lost: str, changes: dict[str, Any]) -> None:
    assert relinquish(FULL, [lost]) == FULL.replaced(**changes)


def test_without_any_limit_nothing_is_left_of_them() -> None:
    assert relinquish(FULL, LIMITS).resources == Resources()


def test_nothing_lost_changes_nothing() -> None:
    assert relinquish(FULL, ()) is FULL


def test_every_guarantee_can_be_given_up() -> None:
    assert relinquish(FULL, GUARANTEES).resources == Resources()


def test_what_is_insisted_on_by_name_is_asked_for() -> None:
    made = fulfil(Request(), {"user-namespace", "cgroup-namespace", "read-only-root", "no-new-privileges", "seccomp"})
    assert (made.userns, made.cgroupns, made.read_only) == ("private", "private", True)
    assert made.security_options == ("no-new-privileges",)


def test_what_was_said_of_it_before_stays() -> None:
    assert fulfil(Request(userns="auto"), {"user-namespace"}).userns == "auto"


def test_without_a_mount_namespace_the_bundle_asks_for_none() -> None:
    bundle: dict[str, Any] = {"linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}}
    relinquish_mounts(bundle, {"mount-namespace"})
    assert bundle["linux"]["namespaces"] == [{"type": "pid"}]
