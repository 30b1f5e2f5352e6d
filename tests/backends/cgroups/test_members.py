"""A group's life: made, joined, paused, killed, opened again, removed; by every manager that this machine has."""

from __future__ import annotations

import os
import signal

import pytest

from backends.cgroups.folder import Folder, Patience
from backends.cgroups.layout import Layout
from backends.cgroups.manager import HierarchyManager, manager
from backends.errors import CgroupError
from tests.backends.cgroups.living import LAYOUT, fork_many, inside, needs_cpuset, sleep, status_of

pytestmark = pytest.mark.live


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


@needs_cpuset
def test_a_creation_that_fails_leaves_nothing(groups: HierarchyManager, path: str) -> None:
    with pytest.raises(CgroupError):
        groups.create(path, {"cpu": {"cpus": "4000"}})
    for mount in {*LAYOUT.v1.values(), LAYOUT.v2} - {""}:
        assert not os.path.exists(mount + path)


def test_a_group_in_use_is_not_taken_over(groups: HierarchyManager, path: str) -> None:
    group = groups.create(path, {})
    child = inside(group, sleep)
    with pytest.raises(CgroupError, match=f"is not empty: processes {child} are in"):
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
