"""What ./up is made of, without the network and without a new environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ci import dependencies, launchers
from tests.house.sources import ROOT, text

PROJECT = """
[project]
dependencies = [
    "click>=8.0",  # a comment [with brackets]
    "distro",
]
[project.optional-dependencies]
network = ["pyroute2>=0.6"]
"""


def test_requirements_are_read_as_python_reads_lists() -> None:
    assert dependencies.requirements(PROJECT, ("network",)) == ["click>=8.0", "distro", "pyroute2>=0.6"]


def test_an_extra_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        dependencies.requirements(PROJECT, ("test",))


def test_the_projects_own_lists_can_be_read() -> None:
    found = dependencies.requirements(text("pyproject.toml"), ("test",))
    assert {"cffi", "click", "pytest"} <= {name.partition(">")[0] for name in found}


@pytest.mark.parametrize("folder", ["plain", "with a space", "long" * 40])
def test_a_launcher_starts_from_any_folder_and_ignores_the_callers_python(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    (place / "told.py").write_text(
        "import sys\ndef main():\n    print(sys.argv[1:], sys.flags.isolated, 'site' in sys.modules)\n"
    )
    (place / "python").symlink_to(os.path.realpath(sys.executable))
    command = place / "command"
    command.write_text(launchers.script("told", str(place), str(place / "python"), []))
    command.chmod(0o755)
    done = subprocess.run(
        [command, "a", "b c"], capture_output=True, text=True, env={"PYTHONPATH": "/nowhere"}, timeout=60
    )
    assert (done.stderr, done.stdout) == ("", "['a', 'b c'] 1 False\n")


@pytest.mark.parametrize("script", ["up", "ci/check"])
def test_the_shell_can_read_its_scripts(script: str) -> None:
    assert subprocess.run(["sh", "-n", script], cwd=ROOT, check=False).returncode == 0
    assert os.access(os.path.join(ROOT, script), os.X_OK)


def test_up_says_how_it_is_used() -> None:
    done = subprocess.run(["./up", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "./up test" in done.stdout
    assert done.returncode == 0
