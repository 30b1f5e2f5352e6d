"""Real groups on this machine, by every manager that it has hierarchies for: limits as the kernel enforces them."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from backends.cgroups import layout
from backends.cgroups.folder import Folder, Patience
from backends.cgroups.group import HierarchyCgroup
from backends.cgroups.hybrid import HybridCgroups
from backends.cgroups.layout import Layout
from backends.cgroups.manager import HierarchyManager, manager
from backends.cgroups.v1 import V1Cgroups
from backends.cgroups.v2 import V2Cgroups
from backends.errors import CgroupError

pytestmark = pytest.mark.live

LAYOUT = layout.read()
MIB = 1 << 20
DENY_ALL = {"allow": False, "access": "rwm"}

needs_v1 = pytest.mark.skipif("memory" not in LAYOUT.v1, reason="cgroup v1 is not mounted here")
needs_cpuset = pytest.mark.skipif(
    "cpuset" not in LAYOUT.v1 and (not LAYOUT.v2 or "cpuset" not in Folder(LAYOUT.v2).find("cgroup.controllers")),
    reason="no cpuset here",
)
needs_v2 = pytest.mark.skipif(not LAYOUT.v2, reason="cgroup v2 is not mounted here")


def top() -> str:
    return f"/runtime-test-{os.getpid()}"


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    for mount in {*LAYOUT.v1.values(), LAYOUT.v2} - {""}:
        Folder(mount + top()).remove(5.0)
        assert not os.path.exists(mount + top())


def managers() -> list[type[HierarchyManager]]:
    """Those for which this machine has all that the tests limit."""
    v1 = set(LAYOUT.v1)
    v2 = set(Folder(LAYOUT.v2).find("cgroup.controllers").split()) | {"freezer", "devices"} if LAYOUT.v2 else set()
    needed = {"memory", "cpu", "pids", "freezer", "devices"}
    offered: list[tuple[type[HierarchyManager], set[str]]] = [(V1Cgroups, v1), (V2Cgroups, v2)]
    if v1 and v2:
        offered.append((HybridCgroups, v1 | v2))
    return [kind for kind, controllers in offered if needed <= controllers]


@pytest.fixture(params=managers(), ids=lambda kind: kind.name)
def groups(request: pytest.FixtureRequest) -> HierarchyManager:
    made: HierarchyManager = request.param(LAYOUT)
    return made


@pytest.fixture
def path(request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"{top()}/{abs(hash(request.node.nodeid))}"
    yield name
    for mount in {*LAYOUT.v1.values(), LAYOUT.v2} - {""}:
        for member in Folder(mount + name).members():
            os.kill(member, signal.SIGKILL)
        Folder(mount + name).remove(5.0)


def inside(group: HierarchyCgroup, action: Callable[[], int]) -> int:
    """Starts a child that joins and then runs `action`; its pid, once it has joined."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 99
        try:
            for file in group.joining():
                Path(file).write_text("0")
            os.write(writer, b"j")
            status = action()
        finally:
            os._exit(status)
    os.close(writer)
    assert os.read(reader, 1) == b"j"
    os.close(reader)
    return child


def status_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def sleep() -> int:
    while True:
        signal.pause()


def fork_many(count: int) -> int:
    """How many children could not be made."""
    refused = 0
    for _ in range(count):
        try:
            if os.fork() == 0:
                sleep()
        except OSError as error:
            assert error.errno == errno.EAGAIN
            refused += 1
    return refused


def use(size: int) -> int:
    block = bytearray(size)
    for place in range(0, size, 4096):
        block[place] = 1
    return 0


def test_a_process_that_joins_is_a_member_until_it_ends(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, sleep)
    assert group.members() == [child]
    os.kill(child, signal.SIGKILL)
    status_of(child)
    assert group.members() == []


def test_a_process_can_be_moved_in(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = os.fork()
    if child == 0:
        sleep()
    group.add(child)
    assert group.members() == [child]
    group.kill()
    assert status_of(child) == -signal.SIGKILL


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


def test_a_paused_group_stands_still_until_it_is_let_go(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})

    def answer() -> int:
        signal.signal(signal.SIGTERM, lambda number, frame: os._exit(7))
        os.write(writer, b"r")
        return sleep()

    reader, writer = os.pipe()
    child = inside(group, answer)
    assert os.read(reader, 1) == b"r"
    group.freeze()
    assert group.frozen()
    os.kill(child, signal.SIGTERM)  # caught, so it waits; v2 would act at once on one that kills
    assert os.waitpid(child, os.WNOHANG) == (0, 0)
    group.thaw()
    assert status_of(child) == 7
    assert not group.frozen()
    os.close(reader)
    os.close(writer)


def test_a_paused_group_is_killed_too(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, lambda: fork_many(3) or sleep())
    group.freeze()
    group.kill()
    assert status_of(child) == -signal.SIGKILL
    assert group.members() == []


def test_what_forks_all_the_time_is_killed_too(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {"pids": {"limit": 30}})

    def bomb() -> int:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            try:
                os.fork()
            except OSError:
                continue

    child = inside(group, bomb)
    waiting = Patience(10)
    while len(group.members()) < 10:
        assert waiting.more()
    group.kill()
    assert status_of(child) == -signal.SIGKILL
    assert group.members() == []


def test_members_of_cgroups_below_are_members_and_go_with_them(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, sleep)
    telling = group._telling()
    assert telling is not None
    below = Folder(f"{telling.path}/below")
    os.mkdir(below.path)
    below.write("cgroup.procs", str(child))
    assert group.members() == [child]
    group.kill()
    status_of(child)
    group.remove()
    assert not os.path.exists(telling.path)


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


@needs_cpuset
def test_a_creation_that_fails_leaves_nothing(groups: HierarchyManager, path: str) -> None:
    with pytest.raises(CgroupError):
        groups.create(path, {"cpu": {"cpus": "4000"}})
    for mount in {*LAYOUT.v1.values(), LAYOUT.v2} - {""}:
        assert not os.path.exists(mount + path)


def test_a_group_in_use_is_not_taken_over(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, sleep)
    with pytest.raises(CgroupError, match=f"exists, and processes {child} are in it"):
        groups.create(path, {})
    assert group.members() == [child]
    group.kill()
    status_of(child)


def test_a_group_that_a_crash_left_is_made_anew(groups: HierarchyManager, path: str) -> None:
    groups.create(path, {"pids": {"limit": 5}})
    assert groups.create(path, {}).statistics()["pids"]["limit"] == -1


def test_a_group_is_opened_from_its_record(groups: HierarchyManager, path: str) -> None:
    paths = dict(groups.create(path, {"pids": {"limit": 7}}).paths)
    group = manager(groups.name, Layout({}, "", {})).open(paths)
    assert group.statistics()["pids"]["limit"] == 7
    group.remove()


def test_removing_twice_is_success(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    group.remove()
    group.remove()
    assert not any(os.path.exists(folder) for folder in group.paths.values())


def test_removing_a_group_in_use_names_who_is_in_it(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, sleep)
    with pytest.raises(CgroupError, match=rf"processes in it: {child}\): EBUSY"):
        Folder(next(iter(group.paths.values()))).remove(0.05)
    group.kill()
    status_of(child)


def test_a_zombie_does_not_keep_a_group(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, lambda: 0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    group.kill()
    group.remove()
    status_of(child)


@pytest.mark.parametrize("bad", ["", "relative", "/", "/a//b", "/a/../b", "/a/."])
def test_a_path_that_leaves_its_place_is_refused(groups: HierarchyManager, bad: str) -> None:
    with pytest.raises(CgroupError, match="is no path of a cgroup"):
        groups.create(bad, {})


@needs_v1
def test_v1_refuses_names_of_v2(path: str) -> None:
    with pytest.raises(CgroupError, match="unified"):
        V1Cgroups(LAYOUT).create(path, {"unified": {"memory.high": "1"}})


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


@needs_v1
@needs_v2
def test_both_together_leave_v2_alone_where_v1_has_it_all(path: str) -> None:
    layout_at_root = Layout(LAYOUT.v1, LAYOUT.v2, {**LAYOUT.own, "unified": "/"})
    assert "unified" not in HybridCgroups(layout_at_root).create(path, {"pids": {"limit": 5}}).paths


@needs_v1
@needs_v2
def test_both_together_join_v2_where_the_starter_is_in_a_service_there(path: str) -> None:
    in_a_service = Layout(LAYOUT.v1, LAYOUT.v2, {**LAYOUT.own, "unified": "/system.slice/some.service"})
    group = HybridCgroups(in_a_service).create(path, {})
    child = inside(group, sleep)
    assert f"0::{path}" in Path(f"/proc/{child}/cgroup").read_text().splitlines()
    group.kill()
    status_of(child)


@needs_v1
@needs_v2
def test_what_v1_has_paused_dies_though_v2_kills_it(path: str) -> None:
    in_a_service = Layout(LAYOUT.v1, LAYOUT.v2, {**LAYOUT.own, "unified": "/system.slice/some.service"})
    group = HybridCgroups(in_a_service).create(path, {})
    child = inside(group, sleep)
    group.freeze()
    group.kill()
    assert status_of(child) == -signal.SIGKILL


@needs_v1
@pytest.mark.skipif(
    not LAYOUT.v2 or "hugetlb" not in Folder(LAYOUT.v2).find("cgroup.controllers"), reason="v2 has no hugetlb here"
)
def test_what_v1_lacks_is_limited_by_v2(path: str) -> None:
    before = Folder(LAYOUT.v2).read("cgroup.subtree_control").split()
    group = HybridCgroups(LAYOUT).create(path, {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]})
    assert Folder(group.into()).read("hugetlb.2MB.max") == str(4 * MIB)
    group.remove()
    Folder(LAYOUT.v2 + top()).remove()
    if "hugetlb" not in before:
        Folder(LAYOUT.v2).write("cgroup.subtree_control", "-hugetlb")


@needs_v1
@needs_v2
def test_devices_without_v1_are_held_by_a_program_on_v2(path: str) -> None:
    rest = {name: folder for name, folder in LAYOUT.v1.items() if name != "devices"}
    group = HybridCgroups(Layout(rest, LAYOUT.v2, LAYOUT.own)).create(path, {"devices": [DENY_ALL]})
    from backends.cgroups import bpf

    assert len(bpf.attached(group.into())) == 1
    group.update({"devices": [DENY_ALL, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}]})
    assert len(bpf.attached(group.into())) == 1

    def action() -> int:
        os.close(os.open("/dev/kmsg", os.O_RDONLY))
        try:
            os.close(os.open("/dev/kmsg", os.O_WRONLY))
        except PermissionError:
            return 0
        return 1

    assert status_of(inside(group, action)) == 0
    group.update({"devices": [DENY_ALL, {"allow": True, "access": "rwm"}]})
    assert bpf.attached(group.into()) == []


@needs_v2
def test_v2_alone_freezes_and_kills_without_any_controller(path: str) -> None:
    group = V2Cgroups(Layout({}, LAYOUT.v2, {"unified": "/"})).create(path, {})
    child = inside(group, lambda: fork_many(3) or sleep())
    group.freeze()
    assert group.frozen()
    group.kill()
    assert status_of(child) == -signal.SIGKILL
    group.remove()
    assert not os.path.exists(group.into())


@needs_v2
@pytest.mark.skipif(
    bool(LAYOUT.v2) and "pids" in Folder(LAYOUT.v2).find("cgroup.controllers").split(), reason="v2 has pids here"
)
def test_a_limit_whose_controller_is_nowhere_is_an_error(path: str) -> None:
    with pytest.raises(CgroupError, match=r"linux.resources.pids.limit: the controller pids is in none of"):
        V2Cgroups(Layout({}, LAYOUT.v2, {"unified": "/"})).create(path, {"pids": {"limit": 5}})
