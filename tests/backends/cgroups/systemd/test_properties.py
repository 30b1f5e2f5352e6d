"""linux.resources in systemd's words. What the golden values are, runc 1.1.5 was seen to ask of systemd 252."""

from __future__ import annotations

from typing import Any

import pytest

from backends.cgroups.systemd.properties import mask, oom_policy, translate

INFINITY = 2**64 - 1
NEW, OLD = 252, 219


def said(resources: dict[str, Any], unified: bool, version: int = NEW) -> dict[str, Any]:
    return {name: value for name, (_, value) in translate(resources, unified, version)}


@pytest.mark.parametrize(
    ("resources", "v1", "v2"),
    [
        ({"memory": {"limit": 64 << 20}}, {"MemoryLimit": 64 << 20}, {"MemoryMax": 64 << 20}),
        ({"memory": {"limit": -1}}, {"MemoryLimit": INFINITY}, {"MemoryMax": INFINITY, "MemorySwapMax": INFINITY}),
        ({"memory": {"limit": 5, "swap": 7}}, {"MemoryLimit": 5}, {"MemoryMax": 5, "MemorySwapMax": 2}),
        ({"memory": {"limit": 5, "swap": -1}}, {"MemoryLimit": 5}, {"MemoryMax": 5, "MemorySwapMax": INFINITY}),
        ({"memory": {"reservation": 5}}, {}, {"MemoryLow": 5}),
        ({"cpu": {"shares": 1024}}, {"CPUShares": 1024}, {"CPUWeight": 100}),
        ({"cpu": {"idle": 1, "shares": 2}}, {"CPUShares": 2}, {"CPUWeight": 0}),
        ({"pids": {"limit": 33}}, {"TasksMax": 33}, {"TasksMax": 33}),
        ({"pids": {"limit": -1}}, {"TasksMax": INFINITY}, {"TasksMax": INFINITY}),
        ({"blockIO": {"weight": 500}}, {"BlockIOWeight": 500}, {"IOWeight": 4950}),
        ({}, {}, {}),
    ],
)
def test_limits_have_names(resources: dict[str, Any], v1: dict[str, Any], v2: dict[str, Any]) -> None:
    assert (said(resources, False), said(resources, True)) == (v1, v2)


@pytest.mark.parametrize("unified", [False, True])
@pytest.mark.parametrize(
    ("cpu", "properties"),
    [
        ({"quota": 25000, "period": 50000}, {"CPUQuotaPeriodUSec": 50000, "CPUQuotaPerSecUSec": 500000}),
        ({"quota": 25000}, {"CPUQuotaPerSecUSec": 250000}),
        ({"quota": 3333, "period": 100000}, {"CPUQuotaPeriodUSec": 100000, "CPUQuotaPerSecUSec": 40000}),
        ({"quota": -1}, {"CPUQuotaPerSecUSec": INFINITY}),
        ({"period": 50000}, {"CPUQuotaPeriodUSec": 50000, "CPUQuotaPerSecUSec": INFINITY}),
        ({"cpus": "0-2,8", "mems": "1"}, {"AllowedCPUs": b"\x07\x01", "AllowedMemoryNodes": b"\x02"}),
    ],
)
def test_cpu_time_is_rounded_up_to_whole_per_cents(cpu: dict[str, Any], properties: Any, unified: bool) -> None:
    assert said({"cpu": cpu}, unified) == properties


def test_an_old_systemd_is_not_told_what_it_does_not_know() -> None:
    cpu = {"quota": 50000, "period": 50000, "cpus": "0", "idle": 1}
    assert said({"cpu": cpu}, True, OLD) == {"CPUQuotaPerSecUSec": 1000000}


@pytest.mark.parametrize(
    ("text", "bits"), [("0", b"\1"), ("1,3", b"\x0a"), ("0-7", b"\xff"), (" 9 ", b"\0\2"), ("", b"")]
)
def test_lists_of_numbers_become_bits(text: str, bits: bytes) -> None:
    assert mask(text) == bits


@pytest.mark.parametrize(
    ("files", "properties"),
    [
        ({"memory.max": "max", "memory.high": "5"}, {"MemoryMax": INFINITY, "MemoryHigh": 5}),
        ({"cpu.max": "max 50000"}, {"CPUQuotaPeriodUSec": 50000, "CPUQuotaPerSecUSec": INFINITY}),
        ({"cpu.max": "10000"}, {"CPUQuotaPeriodUSec": 100000, "CPUQuotaPerSecUSec": 100000}),
        ({"cpu.weight": "42"}, {"CPUWeight": 42}),
        ({"cpu.weight": "42", "cpu.idle": "1"}, {"CPUWeight": 0}),
        ({"cpuset.cpus": "0"}, {"AllowedCPUs": b"\1"}),
        ({"pids.max": "9"}, {"TasksMax": 9}),
        ({"io.max": "8:0 rbps=5", "hugetlb.2MB.max": "0"}, {}),
    ],
)
def test_files_of_v2_are_told_as_far_as_systemd_knows_them(files: dict[str, str], properties: dict[str, Any]) -> None:
    assert said({"unified": files}, True) == properties


def test_a_group_that_dies_together_is_told_at_the_start() -> None:
    assert oom_policy({"unified": {"memory.oom.group": "1"}}) == [("OOMPolicy", ("s", "kill"))]
    assert oom_policy({}) == []


DENIED = {"allow": False, "access": "rwm"}


def test_device_rules_are_nodes_and_kinds_of_nodes() -> None:
    rules = [DENIED, {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rw"},
             {"allow": True, "type": "b", "major": 8, "access": "r"}]  # fmt: skip
    properties = said({"devices": rules}, False)
    assert properties["DevicePolicy"] == "strict"
    allowed = dict(properties["DeviceAllow"])
    assert (allowed["/dev/char/10:200"], allowed["block-8"], allowed["char-*"]) == ("rw", "r", "m")


def test_rules_that_allow_all_take_old_ones_back() -> None:
    assert said({"devices": [{"allow": True}]}, False) == {"DevicePolicy": "auto", "DeviceAllow": []}


@pytest.mark.parametrize("version", [NEW, OLD])
def test_rules_without_words_for_them_are_the_kernels_alone(version: int) -> None:
    rules = [DENIED, {"allow": True, "type": "c", "minor": 5, "access": "rwm"}]
    assert said({"devices": rules}, True, version) == {}
