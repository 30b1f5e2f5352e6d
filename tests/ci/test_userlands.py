from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ci import userlands

HERE = "{}.{}".format(*sys.version_info[:2])
OTHER = "3.9" if HERE != "3.9" else "3.10"


def test_an_interpreter_tells_its_version() -> None:
    assert userlands.version_of(sys.executable) == HERE


def test_what_does_not_start_has_no_version(tmp_path: Path) -> None:
    shim = tmp_path / "python3.9"
    shim.write_text("#!/bin/sh\necho not installed >&2\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    assert userlands.version_of(str(shim)) == ""
    assert userlands.version_of(f"{tmp_path}/nothing") == ""


def test_an_interpreter_is_found_by_its_name_and_a_shim_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"python{HERE}").symlink_to(sys.executable)
    shim = tmp_path / f"python{OTHER}"
    shim.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setenv("PYENV_ROOT", f"{tmp_path}/none")
    assert userlands.programs() == {HERE: f"{tmp_path}/python{HERE}"}


def test_an_interpreter_that_is_named_goes_first() -> None:
    assert userlands.programs((sys.executable,))[HERE] == sys.executable


def test_each_choice_of_releases_has_an_environment_of_its_own() -> None:
    folders = {userlands.Userland(HERE, sys.executable, choice).folder for choice in userlands.SETS}
    assert len(folders) == len(userlands.SETS)
