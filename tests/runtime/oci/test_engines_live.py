"""podman and buildah with `runtime-oci`, and with runc beside it: the same commands, the same answers. Stores of their
own, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.runtime.oci import engines

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not all(map(shutil.which, ("podman", "runc"))), reason="podman is not installed"),
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
    """`runtime` is the program that containers are made by, in the cgroup `parent`."""

    def __init__(self, folder: Path, runtime: str, parent: str) -> None:
        self.folder = folder
        self.runtime = runtime
        self._parent = parent
        (folder / "containers.conf").write_text(CONFIGURATION)
        self._environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}

    def __call__(self, *arguments: str, tool: str = "podman", status: int = 0, stdin: str = "") -> str:
        store = ["--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"), "--storage-driver", "vfs"]
        own = ["--runtime", self.runtime] if tool == "podman" else []
        done = subprocess.run(
            [tool, *store, *own, *arguments],
            input=stdin.encode(),
            capture_output=True,
            timeout=120,
            check=False,
            env=self._environment,
        )
        assert done.returncode == status, (arguments, done)
        return done.stdout.decode()

    def run(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        options = ("--network", "none", "--cgroup-parent", self._parent)
        return self("run", *options, *arguments, status=status, stdin=stdin)


@pytest.fixture(params=engines.RUNTIMES)
def engine(base_rootfs: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    with ExitStack() as stack:
        folder = stack.enter_context(engines.workshop("podman"))  # it takes no run folder of more than 50 characters
        parent = stack.enter_context(engines.cgroup_parent())
        made = Engine(folder, engines.runtimes(folder)[request.param], parent)
        archive = folder / "box.tar"
        subprocess.run(["tar", "-C", base_rootfs, "-cf", str(archive), "."], check=True)
        made("import", str(archive), "box")
        stack.callback(made, "rm", "--all", "--force", "--time", "0")
        yield made


def test_podman_runs_a_container_to_its_end(engine: Engine) -> None:
    said = engine.run("--rm", "-i", "box", "sh", "-c", "cat; exit 5", status=5, stdin="in\n")
    assert said == "in\n"


def test_podman_knows_programs_that_are_missing_from_those_that_may_not_be_executed(engine: Engine) -> None:
    engine.run("--rm", "box", "nosuch", status=127)
    engine.run("--rm", "box", "/etc", status=126)


def test_podman_executes_pauses_and_stops(engine: Engine) -> None:
    name = f"test-{os.getpid()}"
    engine.run("-d", "--name", name, "box", "sleep", "1000")
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
    assert engine.run("--rm", *flags, "box", "sh", "-c", script) == "20\n"


@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
def test_buildah_builds(engine: Engine) -> None:
    (engine.folder / "Containerfile").write_text("FROM localhost/box\nRUN echo built > /made\n")
    flags = ("--runtime", engine.runtime, "--isolation", "oci", "--network", "none")
    words = ("bud", *flags, "--ulimit", "nofile=512:512", "-t", "built", str(engine.folder))
    engine(*words, tool="buildah")
    assert engine.run("--rm", "localhost/built", "cat", "/made") == "built\n"
