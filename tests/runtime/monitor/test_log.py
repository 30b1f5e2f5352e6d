from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.monitor.log import PART, FileLog, NoLog, open_log, timestamp


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_line_is_one_record(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"))
    log.write("stdout", b"one\ntwo\n")
    log.finish()
    assert [(line["stream"], line["log"]) for line in lines(tmp_path / "log")] == [
        ("stdout", "one\n"),
        ("stdout", "two\n"),
    ]


def test_a_line_that_comes_in_pieces_is_kept_whole(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"))
    for piece in (b"a", b"b", b"c\n"):
        log.write("stdout", piece)
    log.finish()
    assert [line["log"] for line in lines(tmp_path / "log")] == ["abc\n"]


def test_what_ends_without_a_newline_is_kept(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"))
    log.write("stderr", b"no end")
    log.finish()
    assert lines(tmp_path / "log")[0]["log"] == "no end"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_comes_back(text: str) -> None:
    path = Path(f"/tmp/log-{os.getpid()}")
    try:
        log = FileLog(str(path))
        log.write("stdout", text.encode())
        log.finish()
        assert "".join(json.loads(line)["log"] for line in path.read_bytes().split(b"\n") if line) == text
    finally:
        path.unlink()


def test_a_very_long_line_is_kept_in_parts(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"))
    log.write("stdout", b"x" * (2 * PART + 5) + b"\n")
    log.finish()
    assert [len(line["log"]) for line in lines(tmp_path / "log")] == [PART, PART, 6]


def test_rotation_keeps_so_many_files_the_newest_first(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"), largest=100, files=3)
    for number in range(6):
        log.write("stdout", b"%d\n" % number)
    log.finish()
    kept = [lines(tmp_path / name)[-1]["log"] for name in ("log", "log.1", "log.2")]
    assert kept == ["5\n", "4\n", "3\n"]
    assert not (tmp_path / "log.3").exists()


def test_rotation_with_one_file_starts_it_anew(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"), largest=100, files=1)
    for number in range(4):
        log.write("stdout", b"%d\n" % number)
    log.finish()
    assert [line["log"] for line in lines(tmp_path / "log")] == ["3\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_the_driver_none_keeps_nothing(tmp_path: Path) -> None:
    log = open_log("none", {}, str(tmp_path / "log"))
    log.write("stdout", b"x\n")
    assert isinstance(log, NoLog)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.live
def test_a_full_disk_loses_lines_and_says_so_but_stops_nobody() -> None:
    log = FileLog("/dev/full")
    log.write("stdout", b"lost\n")
    log.write("stdout", b"lost too\n")
    assert log._lost > 0
    log.finish()


def test_times_are_rfc_3339_with_nanoseconds() -> None:
    assert timestamp(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456789Z"


def test_a_disk_that_is_full_when_the_log_rotates_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = FileLog(str(tmp_path / "log"), largest=100, files=2)
    log.write("stdout", b"first\n")
    real = os.open

    def full(path: str, flags: int, mode: int = 0o777) -> int:
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(os, "open", full)
    log.write("stdout", b"lost\n")
    monkeypatch.setattr(os, "open", real)
    log.write("stdout", b"again\n")
    log.finish()
    assert [line["log"] for line in lines(tmp_path / "log")][-1] == "again\n"
    assert "could not be logged" in (tmp_path / "log").read_text()


def test_many_lines_at_once_are_rotated_too(tmp_path: Path) -> None:
    log = FileLog(str(tmp_path / "log"), largest=1000, files=2)
    log.write("stdout", b"".join(b"%d\n" % number for number in range(500)))
    log.finish()
    sizes = [os.path.getsize(tmp_path / name) for name in ("log", "log.1")]
    assert all(0 < size <= 1000 for size in sizes)
    kept = [line["log"] for line in lines(tmp_path / "log.1") + lines(tmp_path / "log")]
    assert kept == [f"{number}\n" for number in range(500 - len(kept), 500)]
