from __future__ import annotations

import pytest

from runtime.containers import logs
from runtime.errors import Unsupported
from runtime.monitor.log import FileLog
from runtime.paths import Paths

ID = "ab" * 32
RECORD = {"id": ID, "name": "web", "phase": "created", "log": {"driver": "json-file", "options": {}}}


@pytest.fixture
def log(paths: Paths) -> FileLog:
    import os

    os.mkdir(paths.container(ID))
    return FileLog(paths.log(ID), largest=200, files=3)


def texts(paths: Paths, **wish: object) -> list[str]:
    return [line.data.decode() for line in logs.read(paths, RECORD, **wish)]  # type: ignore[arg-type]


def test_rotated_files_are_read_in_order(paths: Paths, log: FileLog) -> None:
    for number in range(6):
        log.write("stdout", b"%d\n" % number)
    assert texts(paths) == [f"{number}\n" for number in range(6)]


def test_the_tail_is_the_last_lines(paths: Paths, log: FileLog) -> None:
    log.write("stdout", b"a\nb\nc\n")
    assert texts(paths, tail=2) == ["b\n", "c\n"]
    assert texts(paths, tail=0) == []


def test_since_and_until_bound_the_lines(paths: Paths, log: FileLog) -> None:
    log.write("stdout", b"a\n")
    log.write("stdout", b"b\n")
    first, second = logs.read(paths, RECORD)
    assert [line.data for line in logs.read(paths, RECORD, since=second.time)] == [b"b\n"]
    assert [line.data for line in logs.read(paths, RECORD, until=first.time)] == [b"a\n"]


def test_a_line_that_a_crash_tore_is_passed_over(paths: Paths, log: FileLog) -> None:
    log.write("stdout", b"whole\n")
    with open(paths.log(ID), "ab") as file:
        file.write(b'{"log":"to')
    assert texts(paths) == ["whole\n"]


def test_following_an_ended_container_ends(paths: Paths, log: FileLog) -> None:
    log.write("stdout", b"all\n")
    assert texts(paths, follow=True) == ["all\n"]


def test_a_container_that_keeps_no_log_says_so(paths: Paths) -> None:
    record = {**RECORD, "log": {"driver": "none", "options": {}}}
    with pytest.raises(Unsupported, match="keeps no log"):
        list(logs.read(paths, record))
