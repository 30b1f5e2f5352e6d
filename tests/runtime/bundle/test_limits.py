from __future__ import annotations

from typing import Any

import pytest

from runtime.bundle.devices import Node
from runtime.bundle.limits import limits
from runtime.containers.request import Resources, Throttle
from runtime.errors import InvalidInput

NODES = {"/dev/sda": Node("b", 8, 0, 0o660), "/dev/null": Node("c", 1, 3, 0o666)}


def said(**values: Any) -> dict[str, Any]:
    return limits(Resources(**values), cpus=4, swap_accounting=True, nodes=NODES)


def test_nothing_said_limits_nothing() -> None:
    assert said() == {}


def test_memory_brings_as_much_swap() -> None:
    assert said(memory=1 << 30) == {"memory": {"limit": 1 << 30, "swap": 2 << 30}}


def test_no_swap_limit_is_assumed_where_swap_is_not_counted() -> None:
    assert limits(Resources(memory=1 << 30), 4, False, {}) == {"memory": {"limit": 1 << 30}}


def test_swap_may_be_unlimited() -> None:
    assert said(memory=1 << 30, memory_swap=-1)["memory"]["swap"] == -1


def test_cpus_become_quota_and_period() -> None:
    assert said(nano_cpus=1_500_000_000) == {"cpu": {"period": 100_000, "quota": 150_000}}


@pytest.mark.parametrize("count", [0, -1])
def test_no_pids_limit_is_written_as_unlimited(count: int) -> None:
    assert said(pids_limit=count) == {"pids": {"limit": -1}}


def test_a_throttle_names_its_device_by_number() -> None:
    block = said(device_read_bps=(Throttle("/dev/sda", 5),))["blockIO"]
    assert block == {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 5}]}


@pytest.mark.parametrize(
    "values",
    [
        {"memory": 1 << 20},
        {"memory_swap": 1 << 30},
        {"memory": 1 << 30, "memory_swap": 1 << 29},
        {"memory": 1 << 30, "memory_reservation": 1 << 31},
        {"memory_swappiness": 101},
        {"nano_cpus": 5_000_000_000},
        {"nano_cpus": 1},
        {"nano_cpus": 1_000_000_000, "cpu_quota": 1000},
        {"cpu_period": 1},
        {"cpu_shares": 1},
        {"cpuset_cpus": "0-"},
        {"cpuset_cpus": "3-1"},
        {"cpuset_mems": "a"},
        {"blkio_weight": 5},
        {"device_write_iops": (Throttle("/dev/null", 5),)},
        {"device_write_iops": (Throttle("/dev/nothing", 5),)},
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        said(**values)
