from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.cgroups.controllers import blkio
from backends.cgroups.folder import Folder
from backends.errors import CgroupError

DEVICE = {"major": 8, "minor": 16}


def written(wish: dict[str, Any], path: Path, version: int) -> list[tuple[str, str]]:
    return [(file, value) for _, file, value in blkio.settings({"blockIO": wish}, Folder(str(path)), version)]


@pytest.mark.parametrize(
    ("version", "present", "file", "value"),
    [
        (1, "blkio.weight", "blkio.weight", "500"),
        (1, "blkio.bfq.weight", "blkio.bfq.weight", "500"),
        (2, "io.bfq.weight", "io.bfq.weight", "default 500"),
        (2, "io.weight", "io.weight", "default 4950"),
    ],
)
def test_weight_goes_to_the_scheduler_that_is_there(
    tmp_path: Path, version: int, present: str, file: str, value: str
) -> None:
    (tmp_path / present).touch()
    assert written({"weight": 500}, tmp_path, version) == [(file, value)]


def test_the_line_of_weights_goes_through_its_ends() -> None:
    assert [blkio.scaled(weight) for weight in (1, 10, 1000)] == [1, 1, 10000]


def test_a_weight_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match="1001 is not between 1 and 1000"):
        written({"weightDevice": [{**DEVICE, "weight": 1001}]}, tmp_path, 1)


def test_weights_of_devices_name_them(tmp_path: Path) -> None:
    (tmp_path / "blkio.bfq.weight").touch()
    wish = {"weightDevice": [{**DEVICE, "weight": 10}]}
    assert written(wish, tmp_path, 1) == [("blkio.bfq.weight_device", "8:16 10")]
    assert written(wish, tmp_path, 2) == [("io.weight", "8:16 1")]


def test_throttles_have_a_file_each_in_v1_and_one_for_all_in_v2(tmp_path: Path) -> None:
    wish = {"throttleReadBpsDevice": [{**DEVICE, "rate": 1000}], "throttleWriteIOPSDevice": [{**DEVICE, "rate": 0}]}
    assert written(wish, tmp_path, 1) == [
        ("blkio.throttle.read_bps_device", "8:16 1000"),
        ("blkio.throttle.write_iops_device", "8:16 0"),
    ]
    assert written(wish, tmp_path, 2) == [("io.max", "8:16 rbps=1000"), ("io.max", "8:16 wiops=max")]


def test_leaf_weights_are_not_in_v2(tmp_path: Path) -> None:
    with pytest.raises(CgroupError, match="leafWeight"):
        written({"leafWeight": 10}, tmp_path, 2)


def test_v1_adds_up_all_devices(tmp_path: Path) -> None:
    (tmp_path / "blkio.throttle.io_service_bytes").write_text("8:0 Read 10\n8:0 Write 20\n8:16 Read 5\nTotal 35\n")
    assert blkio.statistics(Folder(str(tmp_path)), 1) == {"read": 15, "write": 20}


def test_v2_adds_up_all_devices(tmp_path: Path) -> None:
    (tmp_path / "io.stat").write_text("8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0\n8:16 rbytes=5 rios=1\n")
    assert blkio.statistics(Folder(str(tmp_path)), 2) == {
        "read": 15, "write": 20, "read_operations": 2, "write_operations": 2,
    }  # fmt: skip
