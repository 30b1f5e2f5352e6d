from __future__ import annotations

import gzip
import os

import pytest

from probes import live
from probes.host import Trial
from probes.live import LiveHost


def test_a_sysctl_is_read_whatever_size_we_would_take() -> None:
    """Asked for megabytes at once, the kernel says ENOMEM."""
    assert LiveHost().read("/proc/sys/kernel/ostype") == "Linux\n"


def test_a_packed_file_is_read_unpacked(tmp_path: object) -> None:
    path = f"{tmp_path}/config.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"CONFIG_PID_NS=y\n" * 10000)
    assert LiveHost().read(path).splitlines() == ["CONFIG_PID_NS=y"] * 10000


def test_a_file_that_only_claims_to_be_packed_is_an_error(tmp_path: object) -> None:
    path = f"{tmp_path}/config.gz"
    with open(path, "wb") as file:
        file.write(b"plain")
    with pytest.raises(OSError, match="not gzip"):
        LiveHost().read(path)


def test_programs_are_found_beyond_an_ordinary_users_path(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert LiveHost().program("sh") in ("/usr/bin/sh", "/bin/sh")
    with open(f"{tmp_path}/sh", "w", encoding="ascii") as file:
        file.write("not executable")
    assert LiveHost().program("sh") in ("/usr/bin/sh", "/bin/sh")
    os.chmod(f"{tmp_path}/sh", 0o755)
    assert LiveHost().program("sh") == f"{tmp_path}/sh"


def test_a_relative_path_is_no_place_for_programs(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setenv("PATH", ".:")
    with open("trap-program", "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n")
    os.chmod("trap-program", 0o755)
    assert LiveHost().program("trap-program") is None


def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_LIMIT", 0.1)
    answer = LiveHost().output("sleep", "60")
    assert (answer.status, answer.stdout) == (-1, "")
    assert "did not end" in answer.stderr


def test_a_program_that_is_not_there_is_an_answer() -> None:
    assert LiveHost().output("/no/such/program").status == 127


def test_programs_answer_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert LiveHost().output("sh", "-c", "echo $LC_ALL").stdout == "C\n"


def test_a_trial_is_attempted() -> None:
    assert LiveHost().attempt(Trial("process.subreaper")).ok
