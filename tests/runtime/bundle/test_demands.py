from __future__ import annotations

from typing import Any

import pytest

from backends.guarantees import DEFAULT_DEMANDS
from runtime.bundle.demands import demands_for
from runtime.containers.request import Request, Resources
from runtime.errors import InvalidInput


def test_a_plain_container_demands_what_docker_promises() -> None:
    demands = demands_for(Request(image="x"))
    assert demands.require == DEFAULT_DEMANDS.require
    assert demands.prefer == DEFAULT_DEMANDS.prefer


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ({"network": "host"}, "network-namespace"),
        ({"network": "container:a"}, "network-namespace"),
        ({"pid": "host"}, "pid-namespace"),
        ({"ipc": "host"}, "ipc-namespace"),
        ({"uts": "host"}, "uts-namespace"),
        ({"security_options": ("seccomp=unconfined",)}, "seccomp"),
        ({"security_options": ("systempaths=unconfined",)}, "masked-paths"),
        ({"privileged": True}, "capabilities"),
        ({"cap_drop": ("ALL",)}, "device-access"),
        ({"prefer": ("seccomp",)}, "seccomp"),
        ({"forbid": ("pid-namespace",)}, "pid-namespace"),
    ],
)
def test_what_is_given_up_by_name_is_no_longer_demanded(said: dict[str, Any], lost: str) -> None:
    assert demands_for(Request(**said)).require == demands_for(Request()).require - {lost} - (
        {"seccomp", "masked-paths", "device-access"} if said.get("privileged") else set()
    )


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ({"resources": Resources(memory=1 << 30)}, "memory-limit"),
        ({"resources": Resources(nano_cpus=1)}, "cpu-limit"),
        ({"resources": Resources(cpu_shares=5)}, "cpu-share"),
        ({"resources": Resources(pids_limit=5)}, "pids-limit"),
        ({"read_only": True}, "read-only-root"),
        ({"security_options": ("no-new-privileges",)}, "no-new-privileges"),
        ({"userns": "private"}, "user-namespace"),
        ({"cgroupns": "private"}, "cgroup-namespace"),
        ({"require": ("user-namespace",)}, "user-namespace"),
    ],
)
def test_what_is_asked_for_is_demanded(said: dict[str, Any], more: str) -> None:
    assert demands_for(Request(**said)).require == demands_for(Request()).require | {more}


def test_an_unlimited_limit_demands_nothing() -> None:
    assert demands_for(Request(resources=Resources(pids_limit=-1))).require == demands_for(Request()).require


def test_a_preferred_limit_is_given_up_rather_than_refused() -> None:
    demands = demands_for(Request(resources=Resources(memory=1 << 30), prefer=("memory-limit",)))
    assert "memory-limit" in demands.prefer - demands.require


def test_keeping_mknod_keeps_the_devices_guarded() -> None:
    assert "device-access" in demands_for(Request(cap_drop=("ALL",), cap_add=("mknod",))).require


def test_the_requests_own_backends_go_before_the_settings() -> None:
    assert demands_for(Request(backends={"storage": "copy"}), {"storage": "overlay", "cgroups": "v1"}).forced == {
        "storage": "copy",
        "cgroups": "v1",
    }


@pytest.mark.parametrize("flag", ["require", "prefer", "forbid"])
def test_an_unknown_guarantee_is_refused(flag: str) -> None:
    with pytest.raises(InvalidInput, match=f"--{flag}"):
        said: dict[str, Any] = {flag: ("world-peace",)}
        demands_for(Request(**said))


def test_requiring_what_is_given_up_is_a_contradiction() -> None:
    with pytest.raises(InvalidInput, match="contradict"):
        demands_for(Request(require=("network-namespace",), network="host"))
