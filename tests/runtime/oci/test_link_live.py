"""In runc's place, under its name: what engines and people read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.oci.conftest import REPOSITORY

pytestmark = pytest.mark.live
_PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from runtime.oci.main import main
main()
"""


def said(folder: Path, name: str, *words: str) -> list[str]:
    program = folder / name
    program.write_text(_PROGRAM)
    program.chmod(0o755)
    return subprocess.run([program, *words], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("name, shown", [("runc", "runc"), ("runtime-oci", "runtime-oci"), ("other", "runtime-oci")])
def test_the_version_names_the_program_by_the_link_that_it_was_called_by(tmp_path: Path, name: str, shown: str) -> None:
    lines = said(tmp_path, name, "--version")
    assert re.fullmatch(rf"{shown} version \d+\.\d+\.\d+", lines[0])
    assert [line.split(":")[0] for line in lines[1:]] == ["commit", "spec"]


def test_help_begins_with_the_name_and_says_what_it_stands_for(tmp_path: Path) -> None:
    assert said(tmp_path, "runc", "-h")[:2] == ["NAME:", "   runc - Open Container Initiative runtime"]
    assert "in the place of runc -" in said(tmp_path, "runtime-oci", "-h")[1]
    assert said(tmp_path, "runc", "list", "--help")[1].startswith("   runc list - ")
