from __future__ import annotations

import json
import os

import pytest

from probes import snapshot
from probes.capability import CATALOGUE
from probes.errors import NotRecorded
from probes.finding import BLOCKERS, STATES
from probes.host import Outcome, Trial
from probes.snapshot import SnapshotHost
from probes.survey import survey
from tests.hosts import construct, expected


class StrictHost(SnapshotHost):
    """Remembers the questions that a recording does not answer, which the survey itself forgives."""

    def __init__(self, data: dict[str, object]) -> None:
        super().__init__(data)
        self.missing: list[str] = []

    def _answer(self, kind: str, key: str) -> object:
        try:
            return super()._answer(kind, key)
        except NotRecorded as error:
            self.missing.append(str(error))
            raise

    def attempt(self, trial: Trial) -> Outcome:
        return super().attempt(trial)


def _data(name: str) -> dict[str, object]:
    with open(expected.path(name), encoding="utf-8") as file:
        data = json.load(file)
    assert isinstance(data, dict)
    return data


def test_there_are_recorded_and_constructed_hosts() -> None:
    marks = [snapshot.load(expected.path(name)).marked for name in expected.NAMES]
    assert marks.count("recorded") >= 3
    assert marks.count("constructed") >= 8
    assert set(marks) == {"recorded", "constructed"}


@pytest.mark.parametrize("name", expected.NAMES)
def test_a_recording_answers_every_question_of_the_survey(name: str) -> None:
    host = StrictHost(_data(name))
    survey(host, host.store)
    assert host.missing == [], "record it again, or run tests/hosts/construct.py"


@pytest.mark.parametrize("name", expected.NAMES)
def test_a_survey_answers_every_capability_once_and_in_known_words(name: str) -> None:
    findings = expected.report(name).findings
    assert [finding.capability for finding in findings] == list(CATALOGUE)
    assert {finding.state for finding in findings} <= set(STATES)
    assert {finding.blocker for finding in findings} <= set(BLOCKERS)
    assert [finding.capability for finding in findings if not finding.present and not finding.reason] == []


@pytest.mark.parametrize("name", sorted(construct.HOSTS))
def test_constructed_hosts_are_what_their_description_says(name: str) -> None:
    with open(expected.path(name), encoding="utf-8") as file:
        assert file.read() == construct.text(name), "run tests/hosts/construct.py"


@pytest.mark.parametrize("name", expected.NAMES)
def test_backends_are_selected_as_expected(name: str) -> None:
    with open(os.path.join(expected.SELECTIONS, f"{name}.txt"), encoding="utf-8") as file:
        assert file.read() == expected.selections(expected.report(name)), (
            "if that is right, run tests/hosts/expected.py"
        )


def test_recordings_tell_nothing_of_other_users() -> None:
    for name in expected.NAMES:
        answers = _data(name)["answers"]
        assert isinstance(answers, dict)
        passwd = answers["read"].get("/etc/passwd")
        assert passwd is None or isinstance(passwd, dict) or len(passwd.splitlines()) <= 1
