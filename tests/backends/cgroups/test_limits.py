from __future__ import annotations

from typing import Any

import pytest

from backends.cgroups.limits import LIMITS, asked, restricts, unmet
from probes.capability import CATALOGUE
from probes.finding import ABSENT, DENIED, KERNEL_CONFIG, PRESENT, PRIVILEGE, Finding
from probes.report import HostReport

BOTH = ("v1", "v2")
DENY_ALL = {"allow": False, "access": "rwm"}


def report(*findings: Finding) -> HostReport:
    answers = {name: Finding(name, PRESENT) for name in CATALOGUE}
    answers.update({finding.capability: finding for finding in findings})
    return HostReport({}, {}, {}, list(answers.values()))


@pytest.mark.parametrize(
    "resources",
    [
        {},
        {"memory": {"limit": -1, "swap": 0}},
        {"pids": {"limit": 0}},
        {"blockIO": {"weightDevice": []}},
        {"memory": {"disableOOMKiller": False}},
        {"devices": []},
        {"devices": [DENY_ALL, {"allow": True, "type": "a", "access": "rwm"}]},
    ],
)
def test_what_limits_nothing_asks_for_nothing(resources: dict[str, Any]) -> None:
    assert asked(resources) == []


def test_no_swappiness_at_all_is_a_limit() -> None:
    assert [limit.name for limit in asked({"memory": {"swappiness": 0}})] == ["memory.swappiness"]


def test_limits_are_named_as_the_configuration_names_them() -> None:
    resources = {"cpu": {"quota": 1, "cpus": "0"}, "devices": [DENY_ALL], "pids": {"limit": 3}}
    assert [limit.name for limit in asked(resources)] == ["devices", "cpu.quota", "cpu.cpus", "pids.limit"]


def test_rules_that_end_in_allowing_part_of_everything_still_restrict() -> None:
    assert restricts([DENY_ALL, {"allow": True, "type": "a", "access": "rm"}])


def test_a_host_that_can_do_all_has_nothing_unmet() -> None:
    resources = {"memory": {"limit": 1 << 20}, "cpu": {"quota": 1}, "pids": {"limit": 3}}
    assert unmet(resources, report(), BOTH) == []


def test_a_missing_controller_is_told_with_who_blocks_it() -> None:
    missing = Finding("cgroup.v1.pids", ABSENT, "built without CONFIG_CGROUP_PIDS", blocker=KERNEL_CONFIG)
    assert unmet({"pids": {"limit": 3}}, report(missing), ("v1",)) == [
        "linux.resources.pids.limit: built without CONFIG_CGROUP_PIDS (blocked by: kernel config)"
    ]


def test_of_two_versions_one_is_enough() -> None:
    assert unmet({"pids": {"limit": 3}}, report(Finding("cgroup.v1.pids", ABSENT)), BOTH) == []


def test_swap_needs_its_accounting_too() -> None:
    missing = Finding("cgroup.swap", DENIED, "swapaccount=0", blocker=PRIVILEGE)
    reasons = unmet({"memory": {"limit": 5, "swap": 5}}, report(missing), BOTH)
    assert reasons == ["linux.resources.memory.swap: swapaccount=0 (blocked by: privilege)"]


def test_a_limit_that_v2_does_not_have_is_unmet_there_and_met_with_v1() -> None:
    resources = {"memory": {"swappiness": 10}}
    assert unmet(resources, report(), ("v2",)) == [
        "linux.resources.memory.swappiness: cgroup v2 has nothing of the kind"
    ]
    assert unmet(resources, report(), BOTH) == []


def test_unified_names_need_v2() -> None:
    assert unmet({"unified": {"memory.high": "1"}}, report(), ("v2",)) == []
    assert "not used here" in unmet({"unified": {"memory.high": "1"}}, report(), ("v1",))[0]


def test_without_cgroups_every_limit_is_unmet() -> None:
    assert unmet({"pids": {"limit": 3}}, report(), ()) == ["linux.resources.pids.limit: no cgroups"]


def test_every_capability_of_the_table_exists() -> None:
    for limit in LIMITS:
        for capability in (f"cgroup.v1.{limit.v1}", f"cgroup.v2.{limit.v2}", *limit.also):
            if not capability.endswith((".", ".unified")):
                assert capability in CATALOGUE
