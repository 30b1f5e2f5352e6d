"""containerd's runc shim with `runtime-oci`, and with runc beside it: the same commands, the same answers. A containerd
of our own, asked by `ctr`, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ci import rivals
from tests.live.terminal import Terminal
from tests.runtime.oci import engines

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("containerd"),  # one daemon
    pytest.mark.skipif(not all(map(shutil.which, ("containerd", "ctr", "runc"))), reason="containerd is not installed"),
]

CGROUPS = "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro:nosuid:noexec:nodev"


def patient(script: str) -> tuple[str, ...]:
    """ctr may lose what is said by a program that ends before ctr listens: this one ends when it was heard."""
    return ("sh", "-c", f"({script}); status=$?; echo said; read line; exit $status")


class Containerd:
    """`ctr`, for one container at a time, of which `name` is the name. `program` is what it is made by."""

    def __init__(self, folder: Path, client: list[str], cgroup: str) -> None:
        self.folder = folder
        self.program = ""
        self.name = ""
        self.image = ""
        self._client = client
        self._cgroup = cgroup

    def command(self, *arguments: str) -> list[str]:
        return [*self._client, *arguments]

    def __call__(self, *arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, (arguments, done)
        return done.stdout

    def remove(self) -> str:
        """A task that has ended, or one that runs; what is said of its status."""
        return subprocess.run(
            self.command("task", "rm", "--force", self.name), capture_output=True, text=True, timeout=60, check=True
        ).stderr

    def running(self, *options: str, program: tuple[str, ...]) -> tuple[str, ...]:
        fixed = (
            "--runc-binary", self.program, "--runc-root", str(self.folder / "state"), "--snapshotter", "native",
            "--fifo-dir", str(self.folder / "fifo"), "--cgroup", f"{self._cgroup}/{self.name}",
        )  # fmt: skip
        return ("run", *fixed, *options, self.image, self.name, *program)

    def execution(self, *options: str, program: tuple[str, ...]) -> tuple[str, ...]:
        fixed = ("--exec-id", os.urandom(4).hex(), "--fifo-dir", str(self.folder / "fifo"))
        return ("task", "exec", *fixed, *options, self.name, *program)

    def exec(self, script: str, status: int = 0) -> str:
        return self.talk(self.execution(program=patient(script)), status)

    def talk(self, arguments: tuple[str, ...], status: int = 0, stdin: str = "") -> str:
        """What a `patient` script says."""
        running = subprocess.Popen(
            self.command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        with running:
            assert running.stdin is not None
            assert running.stdout is not None
            assert running.stderr is not None
            running.stdin.write(stdin)
            running.stdin.flush()
            said = "".join(iter(running.stdout.readline, "said\n"))
            running.stdin.write("\n")
            running.stdin.flush()
            assert running.wait(engines.PATIENCE) == status, (arguments, said, running.stderr.read())
        return said

    def status(self) -> str:
        tasks = dict(line.split()[::2] for line in self("task", "ls").splitlines()[1:])
        return tasks.get(self.name, "")

    def becomes(self, status: str) -> None:
        deadline = time.monotonic() + engines.PATIENCE
        while (seen := self.status()) != status:
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)


@pytest.fixture(scope="module")
def daemon(base_rootfs: str) -> Iterator[Containerd]:
    with ExitStack() as stack:
        folder = stack.enter_context(engines.workshop("ctr"))
        stack.enter_context(engines.nothing_left("/run/containerd"))
        cgroup = stack.enter_context(engines.cgroup_parent())
        containerd = Containerd(folder, stack.enter_context(engines.containerd(folder)), cgroup)
        layer = folder / "box.tar"
        subprocess.run(["tar", "-C", base_rootfs, "-cf", str(layer), "."], check=True)
        archive, _ = rivals.image_archive(folder, str(layer))
        containerd("image", "import", "--snapshotter", "native", str(archive))
        containerd.image = containerd("image", "ls", "--quiet").strip()
        yield containerd


@pytest.fixture(params=engines.RUNTIMES)
def containerd(daemon: Containerd, request: pytest.FixtureRequest) -> Iterator[Containerd]:
    daemon.program = engines.runtimes(daemon.folder)[request.param]
    daemon.name = f"test-{os.urandom(4).hex()}"
    yield daemon
    if daemon.status():
        daemon.remove()
    left = daemon("container", "ls", "--quiet").split()
    if left:
        daemon("container", "rm", *left)


@pytest.fixture
def sleeping(containerd: Containerd) -> Containerd:
    log = f"file://{containerd.folder}/{containerd.name}.log"
    script = "trap 'echo ended; exit 3' TERM; echo out; while :; do sleep 0.05; done"
    options = ("--detach", "--log-uri", log, "--memory-limit", str(64 << 20), "--cpus", "0.5", "--mount", CGROUPS)
    containerd(*containerd.running(*options, program=("sh", "-c", script)))
    return containerd


def test_a_container_runs_to_its_end_with_its_streams_and_its_status(containerd: Containerd) -> None:
    command = containerd.running("--rm", program=patient("read x; echo $x; echo err >&2; exit 5"))
    assert containerd.talk(command, status=5, stdin="in\n") == "in\n"


def test_a_missing_program_is_an_error(containerd: Containerd) -> None:
    containerd(*containerd.running("--rm", program=("nosuch",)), status=1)


def test_a_program_has_the_terminal_that_it_is_given(containerd: Containerd) -> None:
    command = containerd.command(*containerd.running("--rm", "--tty", program=("sh", "-c", "tty; read x; echo $x$x")))
    _converses(command, containerd)


def test_another_program_is_executed_in_a_container(sleeping: Containerd) -> None:
    assert sleeping.exec("id -u; pwd; exit 9", status=9) == "0\n/\n"


def test_another_program_has_the_terminal_that_it_is_given(sleeping: Containerd) -> None:
    program = ("sh", "-c", "tty; read x; echo $x$x")
    _converses(sleeping.command(*sleeping.execution("--tty", program=program)), sleeping)


def test_a_container_is_paused_and_goes_on(sleeping: Containerd) -> None:
    sleeping("task", "pause", sleeping.name)
    assert sleeping.status() == "PAUSED"
    sleeping("task", "resume", sleeping.name)
    assert sleeping.status() == "RUNNING"
    assert sleeping.exec("echo on") == "on\n"


def test_a_container_is_stopped_and_its_log_tells_what_it_said(sleeping: Containerd) -> None:
    log = sleeping.folder / f"{sleeping.name}.log"
    deadline = time.monotonic() + engines.PATIENCE
    while log.read_text() != "out\n":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    sleeping("task", "kill", sleeping.name)
    sleeping.becomes("STOPPED")
    assert log.read_text() == "out\nended\n"
    assert "exit code 3" in sleeping.remove()


def test_a_container_is_killed_and_removed(sleeping: Containerd) -> None:
    sleeping("task", "kill", "--signal", "SIGKILL", sleeping.name)
    sleeping.becomes("STOPPED")
    assert "exit code 137" in sleeping.remove()
    sleeping("container", "rm", sleeping.name)
    assert sleeping.name not in sleeping("container", "ls", "--quiet")


def test_limits_are_in_force(sleeping: Containerd) -> None:
    script = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us || cat memory.max cpu.max"
    assert sleeping.exec(script).split()[:2] == [str(64 << 20), "50000"]
    assert str(64 << 20) in sleeping("task", "metrics", sleeping.name)


def _converses(command: list[str], containerd: Containerd) -> None:
    terminal = Terminal(command, str(containerd.folder))
    try:
        terminal.expect("/dev/pts/0")
        terminal.type("to")
        terminal.type("\n")
        terminal.expect("toto")
        assert terminal.wait() == 0
    finally:
        terminal.close()
