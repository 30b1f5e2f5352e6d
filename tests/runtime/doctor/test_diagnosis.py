from __future__ import annotations

import json

import pytest

from backends.guarantees import DEFAULT_DEMANDS, GUARANTEES
from backends.selection import consider_all
from probes.capability import CATALOGUE
from runtime.doctor.areas import AREAS
from runtime.doctor.diagnosis import DEGRADED, HEALTHY, UNUSABLE, Diagnosis, diagnose, exit_status
from tests.hosts import expected


def _diagnosis(name: str) -> Diagnosis:
    report = expected.report(name)
    return diagnose(report, consider_all(report, DEFAULT_DEMANDS), DEFAULT_DEMANDS)


@pytest.mark.parametrize(
    ("name", "health", "status"),
    [
        ("vm-root", HEALTHY, 0),
        ("fedora-40", HEALTHY, 0),
        ("arm64-debian-12", DEGRADED, 0),
        ("alpine-openrc", DEGRADED, 0),
        ("rhel-6", UNUSABLE, 1),
        ("ubuntu-24.04-user", UNUSABLE, 1),
    ],
)
def test_a_host_is_as_well_as_what_can_run_on_it(name: str, health: str, status: int) -> None:
    diagnosis = _diagnosis(name)
    assert diagnosis.health == health
    assert exit_status(diagnosis) == status


@pytest.mark.parametrize("name", expected.NAMES)
def test_every_promise_is_either_given_or_missing_with_a_reason(name: str) -> None:
    diagnosis = _diagnosis(name)
    if diagnosis.health == HEALTHY:
        assert diagnosis.missing == ()
    for missing in diagnosis.missing:
        assert missing.guarantee in GUARANTEES
        assert missing.reasons


@pytest.mark.parametrize("name", expected.NAMES)
def test_the_form_for_programs_is_json_with_a_schema(name: str) -> None:
    data = json.loads(json.dumps(_diagnosis(name).as_dict()))
    assert data["schema"] == 1
    assert set(data) == {
        "schema", "health", "summary", "machine", "kernel", "distribution", "privileged", "backends", "missing",
        "advice", "together", "waivers", "capabilities",
    }  # fmt: skip
    assert [capability["capability"] for capability in data["capabilities"]] == list(CATALOGUE)
    assert set(data["backends"]) == {"execution", "storage", "cgroups", "network"}
    assert all(
        considered["reasons"] or considered["usable"] for considered in data["backends"]["storage"]["considered"]
    )


def test_every_capability_belongs_to_a_chapter() -> None:
    assert {name.partition(".")[0] for name in CATALOGUE} == set(AREAS)
