"""Making groups: several at once, and v2's controllers handed down (with ordinary files for the kernel's)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backends.cgroups.absent import AbsentCgroups
from backends.cgroups.folder import Folder
from backends.cgroups.hybrid import HybridCgroups
from backends.cgroups.layout import Layout
from backends.cgroups.manager import HierarchyManager, _enable, manager
from backends.cgroups.v1 import V1Cgroups
from backends.cgroups.v2 import V2Cgroups
from backends.errors import CgroupError
from tests.backends.cgroups.living import inside, status_of


@pytest.mark.parametrize(
    ("name", "kind"), [("v1", V1Cgroups), ("v2", V2Cgroups), ("hybrid", HybridCgroups), ("absent", AbsentCgroups)]
)
def test_a_manager_is_found_by_the_name_that_selection_chose(name: str, kind: type) -> None:
    assert type(manager(name, Layout({}, "", {}))) is kind


@pytest.mark.parametrize("kind", [V1Cgroups, V2Cgroups, HybridCgroups])
def test_a_host_without_hierarchies_is_an_error_that_says_so(kind: type[HierarchyManager]) -> None:
    with pytest.raises(CgroupError, match=r"no cgroup hierarchy of .* is mounted"):
        kind(Layout({}, "", {})).create("/a/b", {})


def hierarchy(path: Path, controllers: str, enabled: str) -> Folder:
    (path / "cgroup.controllers").write_text(controllers + "\n")
    (path / "cgroup.subtree_control").write_text(enabled + "\n")
    return Folder(str(path))


def test_controllers_are_handed_down_in_one_write(tmp_path: Path) -> None:
    folder = hierarchy(tmp_path, "cpu io memory pids", "")
    _enable(folder, frozenset(["cpu", "memory", "hugetlb"]))
    assert folder.read("cgroup.subtree_control") == "+cpu +memory"


def test_what_is_handed_down_already_is_left_alone(tmp_path: Path) -> None:
    folder = hierarchy(tmp_path, "cpu memory", "cpu memory")
    _enable(folder, frozenset(["cpu", "memory"]))
    assert folder.read("cgroup.subtree_control") == "cpu memory"


@pytest.mark.live
def test_groups_made_at_the_same_time_below_one_that_is_not_there_yet_can_all_be_joined(
    groups: HierarchyManager, path: str
) -> None:
    gate, opener = os.pipe()
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(opener)
                os.read(gate, 1)
                group = groups.create(f"{path}/{number}", {"pids": {"limit": 5}})
                status = status_of(inside(group, lambda: 0))
            finally:
                os._exit(status)
        children.append(child)
    os.close(gate)
    os.close(opener)
    assert [status_of(child) for child in children] == [0] * 8
