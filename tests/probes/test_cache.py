from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probes import cache
from probes.finding import PRESENT, Finding
from probes.report import HostReport

REPORT = HostReport(
    {"architecture": "arm64"}, {"release": "6.1"}, {"id": "debian"}, [Finding("mount.bind", PRESENT, "ok")]
)
STORE = "/var/lib/runtime"


@pytest.fixture
def surveys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts surveys instead of making them: what is tested here is when one is made."""
    import probes.survey

    made: list[str] = []

    def survey(host: object, store: str) -> HostReport:
        made.append(store)
        return REPORT

    monkeypatch.setattr(probes.survey, "survey", survey)
    return made


def _file(folder: object) -> str:
    (name,) = os.listdir(str(folder))
    return os.path.join(str(folder), name)


def test_a_host_is_asked_once(tmp_path: object, surveys: list[str]) -> None:
    folder = f"{tmp_path}/report"
    first, second = cache.report(folder, STORE), cache.report(folder, STORE)
    assert surveys == [STORE]
    assert first.as_dict() == second.as_dict() == REPORT.as_dict()


def test_it_is_asked_again_for_the_asking(tmp_path: object, surveys: list[str]) -> None:
    cache.report(str(tmp_path), STORE)
    cache.report(str(tmp_path), STORE, fresh=True)
    assert len(surveys) == 2


def test_another_store_has_a_report_of_its_own(tmp_path: object, surveys: list[str]) -> None:
    cache.report(str(tmp_path), STORE)
    cache.report(str(tmp_path), "/srv")
    cache.report(str(tmp_path), STORE)
    assert surveys == [STORE, "/srv"]


@pytest.mark.parametrize("place", range(len(cache.circumstances(STORE))))
def test_whatever_it_rests_on_makes_it_stale(
    tmp_path: object, surveys: list[str], monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    key = cache.circumstances(STORE)
    cache.report(str(tmp_path), STORE)
    changed = (*key[:place], "changed", *key[place + 1 :])
    monkeypatch.setattr(cache, "circumstances", lambda store: changed)
    cache.report(str(tmp_path), STORE)
    assert len(surveys) == 2


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_no_report(tmp_path: object, data: st.DataObject) -> None:
    key = cache.circumstances(STORE)
    cache.keep(str(tmp_path), STORE, key, REPORT)
    file = cache.path(str(tmp_path), STORE)
    with open(file, "rb") as stream:
        content = bytearray(stream.read())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    with open(file, "wb") as stream:
        stream.write(content)
    assert cache.load(file, key) is None


def test_a_file_that_others_may_write_to_is_not_trusted(tmp_path: object) -> None:
    key = cache.circumstances(STORE)
    cache.keep(str(tmp_path), STORE, key, REPORT)
    os.chmod(_file(tmp_path), 0o666)
    assert cache.load(_file(tmp_path), key) is None


def test_a_link_is_not_followed(tmp_path: object) -> None:
    key = cache.circumstances(STORE)
    cache.keep(f"{tmp_path}/a", STORE, key, REPORT)
    os.symlink(cache.path(f"{tmp_path}/a", STORE), f"{tmp_path}/link")
    assert cache.load(f"{tmp_path}/link", key) is None


def test_a_folder_that_cannot_be_written_to_costs_only_the_keeping(surveys: list[str]) -> None:
    assert cache.report("/proc/nowhere", STORE).as_dict() == REPORT.as_dict()


def test_nothing_but_the_report_is_left(tmp_path: object, surveys: list[str]) -> None:
    cache.report(str(tmp_path), STORE)
    assert os.listdir(str(tmp_path)) == [os.path.basename(cache.path(str(tmp_path), STORE))]
    assert os.stat(_file(tmp_path)).st_mode & 0o777 == 0o600


def test_without_a_key_whatever_is_there_is_read(tmp_path: object) -> None:
    cache.keep(str(tmp_path), STORE, cache.circumstances(STORE), REPORT)
    found = cache.load(_file(tmp_path), None)
    assert found is not None
    assert found.as_dict() == REPORT.as_dict()


def test_reading_it_imports_nothing_of_the_survey() -> None:
    script = "import sys; from probes import cache; print(*sorted(name for name in sys.modules if 'probes' in name))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["probes", "probes.cache", "probes.errors", "probes.finding", "probes.report"]


@pytest.mark.live
def test_a_chroot_is_another_host(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("privilege.root: not running as root")
    outside = cache.circumstances(STORE)
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chroot(tmp_path)
            os.write(tell, repr(cache._root()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(tell)
    with open(ready) as answer:
        inside = answer.read()
    assert inside != repr(cache._root())
    assert cache._root() in outside
