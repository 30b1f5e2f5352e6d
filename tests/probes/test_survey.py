from __future__ import annotations

import os

import pytest

from probes.capability import CATALOGUE
from probes.live import LiveHost
from probes.report import HostReport
from probes.survey import survey


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def report(store: str) -> HostReport:
    return survey(LiveHost(), store)


@pytest.mark.live
def test_this_machine_answers_everything_and_is_left_as_it_was(report: HostReport, store: str) -> None:
    assert [finding.capability for finding in report.findings] == list(CATALOGUE)
    assert os.listdir(store) == []
    assert store not in _text("/proc/self/mountinfo")
    assert report.privileged


@pytest.mark.live
def test_a_report_survives_being_stored(report: HostReport) -> None:
    assert HostReport.from_dict(report.as_dict()).as_dict() == report.as_dict()


@pytest.mark.live
def test_what_this_machine_shows_is_found_as_it_is(report: HostReport) -> None:
    assert report.kernel["release"] == os.uname().release
    assert report.machine["page_size"] == os.sysconf("SC_PAGE_SIZE")
    assert report.has("namespace.mount") == os.path.exists("/proc/self/ns/mnt")
    assert report.has("network.forward") == (_text("/proc/sys/net/ipv4/ip_forward") == "1")
    for controller in ("memory", "pids", "cpu"):
        mounted = f"rw,{controller}\n" in _text("/proc/self/mountinfo") + "\n"
        assert report.has(f"cgroup.v1.{controller}") == mounted


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\n")
