"""docker with `runtime-oci`, and with runc beside it: the same commands, the same answers. A daemon of our own, no
network."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.runtime.oci import engines

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("docker"),  # one daemon
    pytest.mark.skipif(
        not all(map(shutil.which, ("dockerd", "docker", "containerd", "runc"))), reason="docker is not installed"
    ),
]

KILLED = 128 + 9


class Docker:
    """The client of a daemon. `runtime` is the one that containers are made by."""

    def __init__(self, folder: Path) -> None:
        self.runtime = ""
        self.name = ""
        self._folder = folder
        self._client = ["docker", "--host", f"unix://{folder}/docker.sock"]

    def start(self, stack: ExitStack) -> None:
        """Its containerd is a child of the daemon."""
        folder = self._folder
        (folder / "daemon.json").write_text("{}")
        command = [
            "dockerd", "--host", f"unix://{folder}/docker.sock", "--pidfile", f"{folder}/pid",
            "--config-file", f"{folder}/daemon.json", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
            "--containerd", f"{folder}/containerd.sock", "--storage-driver", "vfs", "--cgroup-parent",
            stack.enter_context(engines.cgroup_parent()), "--bridge=none", "--iptables=false", "--ip6tables=false",
            "--ip-forward=false", "--oom-score-adjust", "0",  # a lower one takes CAP_SYS_RESOURCE
        ]  # fmt: skip
        for name, program in engines.runtimes(folder).items():
            command += ["--add-runtime", f"test-{name}={program}"]
        stack.enter_context(engines.nothing_left("/etc/docker", "/run/docker", "/run/containerd"))
        stack.enter_context(engines.nothing_left("/etc/docker/key.json"))
        stack.enter_context(engines.containerd(folder))
        stack.enter_context(engines.daemon(command, folder / "log", lambda: self._call("version").returncode == 0))

    def _call(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DOCKER_CONFIG": str(self._folder)}
        command = [*self._client, *arguments]
        done = subprocess.run(
            command, input=stdin.encode(), capture_output=True, timeout=60, check=False, env=environment
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def __call__(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        done = self._call(*arguments, stdin=stdin)
        assert done.returncode == status, (arguments, done)
        return done.stdout

    def run(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        options = ("--runtime", f"test-{self.runtime}", "--network", "none")
        return self("run", *options, *arguments, status=status, stdin=stdin)

    def said(self, template: str) -> str:
        return self("inspect", "--format", template, self.name).strip()


@pytest.fixture(scope="module")
def daemon(base_rootfs: str) -> Iterator[Docker]:
    with ExitStack() as stack:
        folder = stack.enter_context(engines.workshop("docker"))
        docker = Docker(folder)
        docker.start(stack)
        archive = folder / "box.tar"
        subprocess.run(["tar", "-C", base_rootfs, "-cf", str(archive), "."], check=True)
        docker("import", str(archive), "box")
        yield docker


@pytest.fixture(params=engines.RUNTIMES)
def docker(daemon: Docker, request: pytest.FixtureRequest) -> Iterator[Docker]:
    daemon.runtime = request.param
    daemon.name = f"test-{os.urandom(4).hex()}"
    yield daemon
    left = daemon("ps", "--all", "--quiet").split()
    if left:
        daemon("rm", "--force", *left)


@pytest.fixture
def sleeping(docker: Docker) -> Docker:
    script = "trap 'echo ended; exit 3' TERM; echo out; echo err >&2; while :; do sleep 0.05; done"
    docker.run("-d", "--name", docker.name, "box", "sh", "-c", script)
    return docker


def test_a_container_runs_to_its_end_with_its_streams_and_its_status(docker: Docker) -> None:
    assert docker.run("--rm", "-i", "box", "sh", "-c", "cat; echo err >&2; exit 5", status=5, stdin="in\n") == "in\n"


def test_programs_that_are_missing_are_told_from_those_that_may_not_be_executed(docker: Docker) -> None:
    docker.run("--rm", "box", "nosuch", status=127)
    docker.run("--rm", "box", "/etc", status=126)


def test_a_program_has_the_terminal_that_it_is_given(docker: Docker) -> None:
    assert docker.run("--rm", "-t", "box", "sh", "-c", "tty; echo err >&2") == "/dev/pts/0\r\nerr\r\n"


def test_another_program_is_executed_in_a_container(sleeping: Docker) -> None:
    name = sleeping.name
    assert sleeping(
        "exec", "-i", "-u", "7:8", "-w", "/tmp", name, "sh", "-c", "id -u; id -g; pwd; cat", stdin="x\n"
    ) == ("7\n8\n/tmp\nx\n")
    sleeping("exec", name, "sh", "-c", "exit 9", status=9)
    assert sleeping("exec", "-t", name, "tty").strip() == "/dev/pts/0"


def test_a_container_is_paused_and_goes_on(sleeping: Docker) -> None:
    sleeping("pause", sleeping.name)
    assert sleeping.said("{{.State.Status}}") == "paused"
    sleeping("unpause", sleeping.name)
    assert sleeping.said("{{.State.Status}}") == "running"
    assert sleeping("exec", sleeping.name, "echo", "on") == "on\n"


def test_a_container_is_stopped_tells_what_it_said_and_starts_again(sleeping: Docker) -> None:
    deadline = time.monotonic() + engines.PATIENCE
    while sleeping("logs", sleeping.name) != "out\n":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    sleeping("stop", sleeping.name)
    assert sleeping.said("{{.State.ExitCode}}") == "3"
    assert sleeping("logs", sleeping.name) == "out\nended\n"
    sleeping("start", sleeping.name)
    assert sleeping.said("{{.State.Status}}") == "running"


def test_a_container_is_killed_and_removed(sleeping: Docker) -> None:
    sleeping("kill", sleeping.name)
    assert sleeping("wait", sleeping.name) == f"{KILLED}\n"
    sleeping("rm", sleeping.name)
    sleeping("inspect", sleeping.name, status=1)


def test_limits_are_in_force_and_can_be_changed(docker: Docker) -> None:
    flags = ("--pids-limit", "20", "--memory", "64m", "--cpus", "0.5")
    docker.run("-d", "--name", docker.name, *flags, "box", "sleep", "1000")
    assert _limits(docker) == ["20", str(64 << 20), "50000"]
    docker("update", "--pids-limit", "30", docker.name)
    assert _limits(docker)[0] == "30"


def _limits(docker: Docker) -> list[str]:
    script = "cd /sys/fs/cgroup; " + "; ".join(
        f"cat {v1} 2>/dev/null || head -n 1 {v2} | cut -d ' ' -f 1"
        for v1, v2 in (
            ("pids/pids.max", "pids.max"),
            ("memory/memory.limit_in_bytes", "memory.max"),
            ("cpu/cpu.cfs_quota_us", "cpu.max"),
        )
    )
    return docker("exec", docker.name, "sh", "-c", script).split()
