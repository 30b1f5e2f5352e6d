"""A user without rights at the store of another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tests.live.conftest import REPOSITORY, Runtime
from tests.live.test_bad_commands import SHAPE

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")
Call = Callable[..., "subprocess.CompletedProcess[str]"]


def interpreter(environment: dict[str, str]) -> str:
    """One that an ordinary user may execute, also the second time: setpriv keeps its capabilities for the first."""
    for path in (sys.executable, "/usr/bin/python3"):
        command = [*NOBODY, "sh", "-c", f"exec {path} -c 'import click, cffi, runtime.engine'"]
        if not subprocess.run(command, cwd="/", env=environment, capture_output=True, check=False).returncode:
            return path
    pytest.skip("an ordinary user may not execute this interpreter, or not read this repository")


@pytest.fixture
def nobody(store: Runtime) -> Call:
    """Calls the command line without any rights, on the store that the other tests use as root."""
    packages = Path(click.__file__).parents[1]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": f"{REPOSITORY}:{packages}"}
    python = interpreter(environment)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*NOBODY, "env", python, *store.command(*arguments)[1:]]
        return subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return call


@pytest.mark.parametrize(
    "arguments", [("ps",), ("images",), ("run", "@host", "true"), ("rm", "x"), ("load", "-i", "/etc/passwd")]
)
def test_the_store_of_another_is_told_to_be_out_of_reach(nobody: Call, arguments: tuple[str, ...]) -> None:
    done = nobody(*arguments)
    assert done.returncode == 125
    assert SHAPE.match(done.stderr), done.stderr
    assert "Permission denied (EACCES)" in done.stderr
    assert "as root" in done.stderr
    assert "--root" in done.stderr


def test_a_root_from_whom_administration_was_taken_runs_containers_in_a_user_namespace(tmp_path: Path) -> None:
    made = Runtime(str(tmp_path / "root"), str(tmp_path / "state"))
    command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    command += made.command(
        "run", "--rm", "--network", "none", "--prefer", "device-access", "@host", "sh", "-c", "id -u"
    )
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
