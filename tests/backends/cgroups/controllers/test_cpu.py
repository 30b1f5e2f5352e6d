from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.cgroups.controllers import cpu, cpuset
from backends.cgroups.folder import Folder
from backends.errors import CgroupError


def written(wish: dict[str, Any], path: Path, version: int) -> list[tuple[str, str]]:
    return [(file, value) for _, file, value in cpu.settings({"cpu": wish}, Folder(str(path)), version)]


@pytest.mark.parametrize(("shares", "weight"), [(2, 1), (1024, 100), (262144, 10000)])
def test_the_curve_goes_through_the_ends_and_the_usual_value(shares: int, weight: int) -> None:
    assert cpu.weight(shares) == weight


@given(st.integers(2, 262143))
def test_more_shares_are_never_less_weight(shares: int) -> None:
    assert 1 <= cpu.weight(shares) <= cpu.weight(shares + 1) <= 10000


@pytest.mark.parametrize("shares", [1, 262145])
def test_shares_that_the_kernel_would_bend_are_refused(tmp_path: Path, shares: int) -> None:
    with pytest.raises(CgroupError, match="not between 2 and 262144"):
        written({"shares": shares}, tmp_path, 1)


def test_v1_writes_a_shorter_period_after_the_quota(tmp_path: Path) -> None:
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert written({"quota": 5000, "period": 10000}, tmp_path, 1) == [
        ("cpu.cfs_quota_us", "5000"),
        ("cpu.cfs_period_us", "10000"),
    ]


def test_v1_writes_a_longer_period_before_the_quota(tmp_path: Path) -> None:
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert written({"quota": 500000, "period": 200000}, tmp_path, 1)[0] == ("cpu.cfs_period_us", "200000")


def test_v1_quota_zero_is_no_quota(tmp_path: Path) -> None:
    assert written({"quota": 0}, tmp_path, 1) == [("cpu.cfs_quota_us", "-1")]


@pytest.mark.parametrize(
    ("wish", "value"),
    [
        ({"quota": 50000, "period": 100000}, "50000 100000"),
        ({"quota": 50000}, "50000"),
        ({"quota": -1, "period": 100000}, "max 100000"),
        ({"quota": 0}, "max"),
        ({"period": 20000}, "7000 20000"),
    ],
)
def test_v2_writes_quota_and_period_together(tmp_path: Path, wish: dict[str, int], value: str) -> None:
    (tmp_path / "cpu.max").write_text("7000 100000\n")
    assert written(wish, tmp_path, 2) == [("cpu.max", value)]


@pytest.mark.parametrize("version", [1, 2])
def test_idle_is_left_before_shares_and_entered_after(tmp_path: Path, version: int) -> None:
    assert written({"shares": 2, "idle": 0}, tmp_path, version)[0] == ("cpu.idle", "0")
    assert written({"shares": 2, "idle": 1}, tmp_path, version)[-1] == ("cpu.idle", "1")


def test_real_time_is_v1s_only(tmp_path: Path) -> None:
    assert written({"realtimeRuntime": 500, "realtimePeriod": 1000}, tmp_path, 1) == [
        ("cpu.rt_period_us", "1000"),
        ("cpu.rt_runtime_us", "500"),
    ]
    with pytest.raises(CgroupError, match=r"cpu\.realtimeRuntime: cgroup v2"):
        written({"realtimeRuntime": 500}, tmp_path, 2)


def test_v2_time_is_told_in_nanoseconds(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 1\nthrottled_usec 9\n")
    assert cpu.statistics(Folder(str(tmp_path)), 2) == {
        "periods": 1, "usage": 5000, "user": 3000, "system": 2000, "throttled_time": 9000,
    }  # fmt: skip


def test_v1_time_falls_back_on_ticks(tmp_path: Path) -> None:
    (tmp_path / "cpuacct.usage").write_text("123\n")
    (tmp_path / "cpuacct.stat").write_text("user 2\nsystem 1\n")
    assert cpu.usage(Folder(str(tmp_path))) == {"usage": 123, "user": 20_000_000, "system": 10_000_000}


def test_an_empty_cpuset_takes_what_the_one_above_has(tmp_path: Path) -> None:
    above, below = tmp_path / "above", tmp_path / "below"
    for place, cpus, mems in ((above, "0-3\n", "0\n"), (below, "\n", "1\n")):
        place.mkdir()
        (place / "cpuset.cpus").write_text(cpus)
        (place / "cpuset.mems").write_text(mems)
    cpuset.inherit(Folder(str(above)), Folder(str(below)))
    assert ((below / "cpuset.cpus").read_text().strip(), (below / "cpuset.mems").read_text().strip()) == ("0-3", "1")


def test_cpus_and_nodes_are_written_as_they_are() -> None:
    assert cpuset.settings({"cpu": {"cpus": "0-1", "mems": "0"}}, Folder("/nowhere"), 2) == [
        ("cpu.cpus", "cpuset.cpus", "0-1"),
        ("cpu.mems", "cpuset.mems", "0"),
    ]


def test_a_shorter_period_of_real_time_comes_after_its_time(tmp_path: Path) -> None:
    (tmp_path / "cpu.rt_period_us").write_text("900001")
    wish = {"realtimePeriod": 10000, "realtimeRuntime": 3000}
    assert [file for file, _ in written(wish, tmp_path, 1)] == ["cpu.rt_runtime_us", "cpu.rt_period_us"]
    wish = {"realtimePeriod": 1000000, "realtimeRuntime": 3000}
    assert [file for file, _ in written(wish, tmp_path, 1)] == ["cpu.rt_period_us", "cpu.rt_runtime_us"]
