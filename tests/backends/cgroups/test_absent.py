from __future__ import annotations

import os
import signal

import pytest

from backends.cgroups.absent import AbsentCgroups
from backends.cgroups.layout import Layout
from backends.cgroups.manager import manager
from backends.errors import CgroupError
from probes.report import HostReport


def test_it_is_a_manager_like_the_others() -> None:
    assert manager("absent", Layout({}, "", {})).name == "absent"


def test_a_limit_is_an_error_that_names_it() -> None:
    with pytest.raises(CgroupError, match=r"linux.resources.memory.limit, linux.resources.pids.limit: nothing can be"):
        AbsentCgroups().create("/c", {"memory": {"limit": 1 << 20}, "pids": {"limit": 4}})


def test_unlimited_is_no_limit() -> None:
    assert AbsentCgroups().create("/c", {"memory": {"limit": -1}, "pids": {"limit": 0}}).paths == {}


def test_a_pause_is_an_error_that_says_why() -> None:
    group = AbsentCgroups().create("/c", {})
    with pytest.raises(CgroupError, match="cannot be paused: it has no cgroup"):
        group.freeze()
    assert not group.frozen()


def test_every_limit_is_told_beforehand() -> None:
    reasons = AbsentCgroups().check({"pids": {"limit": 4}}, HostReport({}, {}, {}, []))
    assert reasons == ["linux.resources.pids.limit: no cgroups"]


def test_nothing_is_joined_counted_or_left() -> None:
    group = AbsentCgroups().create("/c", {})
    assert (group.joining(), group.into(), group.statistics(), group.members()) == ([], "", {}, [])
    group.kill()
    group.remove()


@pytest.mark.live
def test_a_tree_of_processes_is_found_and_killed_also_when_a_parent_in_it_has_died() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        middle = os.fork()
        if middle == 0:
            orphan = os.fork()
            if orphan == 0:
                signal.pause()
            os._exit(0)
        os.waitpid(middle, 0)
        os.write(writer, b"r")
        signal.pause()
        os._exit(1)
    os.close(writer)
    assert os.read(reader, 1) == b"r"
    os.close(reader)
    group = AbsentCgroups().create("/c", {})
    group.add(child)
    members = group.members()
    assert child in members
    assert len(members) == 2
    group.kill()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert group.members() == []
