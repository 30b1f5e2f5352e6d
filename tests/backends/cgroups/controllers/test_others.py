"""The controllers with a file or two: pids, hugetlb, network, rdma, unified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.cgroups.controllers import controller
from backends.cgroups.folder import Folder
from backends.errors import CgroupError


def written(module: str, resources: dict[str, Any], path: Path, version: int) -> list[tuple[str, str]]:
    return [(file, value) for _, file, value in controller(module).settings(resources, Folder(str(path)), version)]


@pytest.mark.parametrize(("limit", "value"), [(100, "100"), (0, "max"), (-1, "max")])
def test_no_limit_of_processes_is_max(tmp_path: Path, limit: int, value: str) -> None:
    assert written("pids", {"pids": {"limit": limit}}, tmp_path, 1) == [("pids.max", value)]


@pytest.mark.parametrize(("version", "end"), [(1, "limit_in_bytes"), (2, "max")])
def test_huge_pages_are_limited_by_size_and_reservations_where_there_are_any(
    tmp_path: Path, version: int, end: str
) -> None:
    (tmp_path / f"hugetlb.2MB.rsvd.{end}").touch()
    wish = {"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}, {"pageSize": "1GB", "limit": 0}]}
    assert written("hugetlb", wish, tmp_path, version) == [
        (f"hugetlb.2MB.{end}", "4194304"),
        (f"hugetlb.2MB.rsvd.{end}", "4194304"),
        (f"hugetlb.1GB.{end}", "0"),
    ]


def test_network_classes_and_priorities_go_to_the_hierarchy_that_has_them(tmp_path: Path) -> None:
    wish = {"network": {"classID": 65537, "priorities": [{"name": "eth0", "priority": 5}]}}
    (tmp_path / "net_cls.classid").touch()
    assert written("network", wish, tmp_path, 1) == [("net_cls.classid", "65537")]
    (tmp_path / "net_prio.ifpriomap").touch()
    assert written("network", wish, tmp_path, 1)[1] == ("net_prio.ifpriomap", "eth0 5")


def test_network_classes_are_not_in_v2(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match="no network classes"):
        written("network", {"network": {"classID": 1}}, tmp_path, 2)


def test_rdma_limits_are_one_line_a_device(tmp_path: Path) -> None:
    wish = {"rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 100}, "mlx4_0": {"hcaObjects": 0}, "none": {}}}
    assert written("rdma", wish, tmp_path, 2) == [
        ("rdma.max", "mlx5_1 hca_handle=3 hca_object=100"),
        ("rdma.max", "mlx4_0 hca_object=0"),
    ]


def test_files_of_v2_are_written_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("memory")
    assert written("unified", {"unified": {"memory.high": "1000"}}, tmp_path, 2) == [("memory.high", "1000")]
    with pytest.raises(CgroupError, match="not used here"):
        written("unified", {"unified": {"memory.high": "1000"}}, tmp_path, 1)


@pytest.mark.parametrize("name", ["../memory.max", "cgroup.procs", "cgroup.subtree_control", "..", "tasks", ""])
def test_a_name_that_leaves_the_folder_or_is_the_hierarchys_own_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CgroupError, match="not the file of a controller"):
        written("unified", {"unified": {name: "1"}}, tmp_path, 2)


@pytest.mark.parametrize(
    ("version", "file", "text", "frozen"),
    [
        (1, "freezer.state", "FROZEN", True),
        (1, "freezer.state", "FREEZING", False),
        (2, "cgroup.events", "populated 1\nfrozen 1", True),
        (2, "cgroup.events", "populated 1\nfrozen 0", False),
    ],
)
def test_frozen_is_what_the_kernel_calls_so(tmp_path: Path, version: int, file: str, text: str, frozen: bool) -> None:
    (tmp_path / file).write_text(text + "\n")
    assert controller("freezer").frozen(Folder(str(tmp_path)), version) is frozen


def test_a_group_that_does_not_freeze_runs_on_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "cgroup.freeze").write_text("0")
    (tmp_path / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    with pytest.raises(CgroupError, match="did not freeze in 0 s, and run again"):
        controller("freezer").freeze(Folder(str(tmp_path)), 2, 0.0)
    assert (tmp_path / "cgroup.freeze").read_text() == "0"


def test_the_size_of_huge_pages_is_found_however_its_key_is_written(tmp_path: Path) -> None:
    wish = {"hugepageLimits": [{"pagesize": "2MB", "limit": 0}]}
    assert written("hugetlb", wish, tmp_path, 1) == [("hugetlb.2MB.limit_in_bytes", "0")]
    with pytest.raises(CgroupError, match="pageSize"):
        written("hugetlb", {"hugepageLimits": [{"limit": 0}]}, tmp_path, 1)


def test_a_file_of_a_controller_that_is_not_there_is_an_invalid_configuration(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match="invalid configuration"):
        written("unified", {"unified": {"memory.min": "1"}}, tmp_path, 2)


def test_to_deny_a_is_to_deny_everything(tmp_path: Path) -> None:
    assert written("devices", {"devices": [{"allow": False, "access": "rwa"}]}, tmp_path, 1)[0] == ("devices.deny", "a")
    allowed = {"allow": True, "type": "c", "major": 1, "minor": 2, "access": "rwa"}
    with pytest.raises(CgroupError, match="is no access"):
        written("devices", {"devices": [allowed]}, tmp_path, 1)
