"""Limits as the kernel enforces them, on this machine, by every manager that it has hierarchies for."""

from __future__ import annotations

import os
import signal
import time

import pytest

from backends.cgroups.layout import Layout
from backends.cgroups.manager import HierarchyManager
from backends.cgroups.v1 import V1Cgroups
from backends.cgroups.v2 import V2Cgroups
from backends.errors import CgroupError
from tests.backends.cgroups.living import (
    DENY_ALL,
    LAYOUT,
    MIB,
    V2_CONTROLLERS,
    fork_many,
    inside,
    needs_cpuset,
    needs_v1,
    needs_v2,
    status_of,
    use,
)

pytestmark = pytest.mark.live


def test_the_number_of_processes_is_limited(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"pids": {"limit": 4}})
    child = inside(group, lambda: fork_many(6))
    assert status_of(child) == 3
    assert group.statistics()["pids"] == {"current": 3, "limit": 4}
    group.kill()
    assert group.members() == []


def test_memory_above_the_limit_ends_the_process_and_is_counted(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"memory": {"limit": 16 * MIB, "swap": 16 * MIB}})
    child = inside(group, lambda: use(64 * MIB))
    assert status_of(child) == -signal.SIGKILL
    assert group.oom_kills() == 1
    assert group.statistics()["oom"] == {"kills": 1}
    assert group.statistics()["memory"]["limit"] == 16 * MIB


def test_cpu_time_above_the_quota_is_withheld(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"cpu": {"quota": 5000, "period": 50000}})

    def burn() -> int:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass
        return 0

    assert status_of(inside(group, burn)) == 0
    found = group.statistics()["cpu"]
    assert found["throttled"] > 0
    assert found["usage"] < 300_000_000  # of 500 ms, a tenth and what the kernel lets through


@needs_cpuset
def test_a_container_is_held_to_its_cpus(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"cpu": {"cpus": "0"}})
    assert status_of(inside(group, lambda: 0 if os.sched_getaffinity(0) == {0} else 1)) == 0


def test_without_a_wish_every_cpu_is_there(groups: HierarchyManager, path: str) -> None:
    everything = os.sched_getaffinity(0)
    group = groups.create(path, {})
    assert status_of(inside(group, lambda: 0 if os.sched_getaffinity(0) == everything else 1)) == 0


def test_only_granted_devices_can_be_opened(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"devices": [DENY_ALL]})

    def action() -> int:
        os.close(os.open("/dev/null", os.O_RDWR))
        try:
            os.close(os.open("/dev/kmsg", os.O_RDONLY))
        except PermissionError:
            return 0
        return 1

    assert status_of(inside(group, action)) == 0


def test_limits_are_changed_up_and_down_in_any_order(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"memory": {"limit": 16 * MIB, "swap": 32 * MIB}, "pids": {"limit": 5}})
    for limit, swap in ((64, 128), (8, 8), (200, 300), (16, -1), (32, 64)):
        group.update({"memory": {"limit": limit * MIB, "swap": swap * MIB if swap > 0 else -1}})
        assert group.statistics()["memory"]["limit"] == limit * MIB
    group.update({"memory": {"limit": -1}, "pids": {"limit": -1}, "cpu": {"shares": 512, "quota": 20000}})
    assert group.statistics()["memory"]["limit"] == -1
    assert group.statistics()["pids"]["limit"] == -1


@needs_cpuset
def test_a_limit_that_the_kernel_refuses_is_named_with_file_value_and_errno(
    groups: HierarchyManager, path: str
) -> None:
    with pytest.raises(
        CgroupError, match=r"linux.resources.cpu.cpus: cannot write '4000' to .*cpuset.cpus: E"
    ) as caught:
        groups.create(path, {"cpu": {"cpus": "4000"}})
    assert "name CPUs that this machine has" in caught.value.hint


@needs_v1
def test_swappiness_and_reservation_reach_v1(path: str) -> None:
    group = V1Cgroups(LAYOUT).create(path, {"memory": {"reservation": 4 * MIB, "swappiness": 10}})
    found = group.folder("memory", "")
    assert found is not None
    folder = found[0]
    assert (folder.read("memory.soft_limit_in_bytes"), folder.read("memory.swappiness")) == (str(4 * MIB), "10")


@needs_v1
@pytest.mark.skipif("blkio" not in LAYOUT.v1, reason="no blkio here")
def test_a_device_that_is_not_there_is_no_device_to_throttle(path: str) -> None:
    wish = {"blockIO": {"throttleReadBpsDevice": [{"major": 4000, "minor": 1, "rate": 1000}]}}
    with pytest.raises(CgroupError, match=r"throttleReadBpsDevice.*ENODEV") as caught:
        V1Cgroups(LAYOUT).create(path, wish)
    assert caught.value.hint == "there is no such device"


@needs_v2
@pytest.mark.skipif("pids" in V2_CONTROLLERS, reason="v2 has pids here")
def test_a_limit_whose_controller_is_nowhere_is_an_error(path: str) -> None:
    with pytest.raises(CgroupError, match=r"linux.resources.pids.limit: the controller pids is in none of"):
        V2Cgroups(Layout({}, LAYOUT.v2, {"unified": "/"})).create(path, {"pids": {"limit": 5}})
