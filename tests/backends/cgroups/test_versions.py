"""What is particular to v1, to v2, and to both beside each other."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from backends.cgroups import bpf
from backends.cgroups.folder import Folder
from backends.cgroups.hybrid import HybridCgroups
from backends.cgroups.layout import Layout
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
    needs_v1,
    needs_v2,
    sleep,
    status_of,
)

pytestmark = pytest.mark.live


@needs_v1
def test_v1_refuses_names_of_v2(path: str) -> None:
    with pytest.raises(CgroupError, match="unified"):
        V1Cgroups(LAYOUT).create(path, {"unified": {"memory.high": "1"}})


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
@pytest.mark.skipif("hugetlb" not in V2_CONTROLLERS, reason="v2 has no hugetlb here")
def test_what_v1_lacks_is_limited_by_v2(path: str, top: str) -> None:
    before = Folder(LAYOUT.v2).read("cgroup.subtree_control").split()
    group = HybridCgroups(LAYOUT).create(path, {"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]})
    assert Folder(group.into()).read("hugetlb.2MB.max") == str(4 * MIB)
    group.remove()
    Folder(LAYOUT.v2 + top).remove()
    if "hugetlb" not in before:
        Folder(LAYOUT.v2).write("cgroup.subtree_control", "-hugetlb")


@needs_v1
@needs_v2
def test_devices_without_v1_are_held_by_a_program_on_v2(path: str) -> None:
    rest = {name: folder for name, folder in LAYOUT.v1.items() if name != "devices"}
    group = HybridCgroups(Layout(rest, LAYOUT.v2, LAYOUT.own)).create(path, {"devices": [DENY_ALL]})
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
