"""Engines of others with `runtime-oci` as their runtime: podman and buildah, with stores of their own, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.oci.conftest import REPOSITORY

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed"),
]

# This machine may lack CAP_SYS_RESOURCE, so podman's own limits, which are above ours, cannot be had.
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=512:512", "nproc=512:512"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["runtime-oci"]
"""


class Engine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = folder / "runtime-oci"
        code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from runtime.oci.main import main; main()"
        self.command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
        self.command.chmod(0o755)
        (folder / "containers.conf").write_text(CONFIGURATION)
        self._environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}

    def __call__(self, *arguments: str, tool: str = "podman", status: int = 0, stdin: str = "") -> str:
        store = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"), "--storage-driver", "vfs"]
        own = ["--runtime", str(self.command)] if tool == "podman" else []
        done = subprocess.run(
            [tool, *store, *own, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self._environment,
        )
        assert done.returncode == status, (arguments, done)
        return done.stdout


@pytest.fixture
def engine(base_rootfs: str) -> Iterator[Engine]:
    folder = Path(tempfile.mkdtemp(prefix="engine-"))  # podman takes no run folder of more than 50 characters
    made = Engine(folder)
    archive = folder / "box.tar"
    subprocess.run(["tar", "-C", base_rootfs, "-cf", str(archive), "."], check=True)
    made("import", str(archive), "box")
    yield made
    made("rm", "--all", "--force", "--time", "0")
    shutil.rmtree(folder)


def test_podman_runs_a_container_to_its_end(engine: Engine) -> None:
    said = engine("run", "--rm", "-i", "--network", "none", "box", "sh", "-c", "cat; exit 5", status=5, stdin="in\n")
    assert said == "in\n"


def test_podman_knows_programs_that_are_missing_from_those_that_may_not_be_executed(engine: Engine) -> None:
    engine("run", "--rm", "--network", "none", "box", "nosuch", status=127)
    engine("run", "--rm", "--network", "none", "box", "/etc", status=126)


def test_podman_executes_pauses_and_stops(engine: Engine) -> None:
    name = f"test-{os.getpid()}"
    engine("run", "-d", "--name", name, "--network", "none", "box", "sleep", "1000")
    assert engine("exec", "-u", "7", name, "id", "-u") == "7\n"
    engine("exec", name, "sh", "-c", "exit 9", status=9)
    engine("pause", name)
    assert "Paused" in engine("ps", "--all", "--format", "{{.Status}}")
    engine("unpause", name)
    engine("stop", "--time", "0", name)
    assert engine("inspect", "--format", "{{.State.ExitCode}}", name) == "137\n"
    engine("start", name)
    assert engine("exec", name, "hostname") != ""


def test_podman_limits_a_container(engine: Engine) -> None:
    flags = ("--pids-limit", "20", "--memory", "64m")
    script = "cat /sys/fs/cgroup/pids/pids.max || cat /sys/fs/cgroup/pids.max"
    assert engine("run", "--rm", "--network", "none", *flags, "box", "sh", "-c", script) == "20\n"


@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
def test_buildah_builds(engine: Engine) -> None:
    (engine.folder / "Containerfile").write_text("FROM localhost/box\nRUN echo built > /made\n")
    flags = ("--runtime", str(engine.command), "--isolation", "oci", "--network", "none")
    words = ("bud", *flags, "--ulimit", "nofile=512:512", "-t", "built", str(engine.folder))
    engine(*words, tool="buildah")
    assert engine("run", "--rm", "--network", "none", "localhost/built", "cat", "/made") == "built\n"
