"""Programs in a running container where setns(2) leads into none: behind a mask, as before Linux 3.8."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

Eventually = Callable[[Callable[[], object]], None]

# --call setns hides nothing else; 2.6.32 hides what stands in for other young calls, too. This libc needs two of them.
WITHOUT_SETNS = ("--call", "setns")
OLDEST = ("--kernel", "2.6.32", "--keep", "newfstatat", "--keep", "prlimit64")


@dataclass(frozen=True)
class Masked(Runtime):
    mask: tuple[str, ...] = WITHOUT_SETNS

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "runtime.cli.main", "mask", *self.mask, *super().command(*arguments)]


@pytest.fixture
def masked(runtime: Runtime) -> Masked:
    return Masked(runtime.root, runtime.state)


@pytest.fixture
def container(masked: Masked) -> str:
    return masked.detached("@host", "sh", "-c", "while :; do sleep 1; done")


def test_a_program_gets_its_input_and_arguments_and_its_status_comes_back(masked: Masked, container: str) -> None:
    done = masked("exec", "-i", container, "sh", "-c", "cat; echo err >&2; exit 7", status=7, stdin="given\n")
    assert (done.stdout, done.stderr) == ("given\n", "err\n")
    masked("exec", container, "sh", "-c", "kill -TERM $$", status=128 + signal.SIGTERM)


def test_it_is_in_the_containers_namespaces_and_cgroup_with_the_rights_asked_for(
    masked: Masked, container: str
) -> None:
    script = "readlink /proc/self/ns/pid /proc/self/ns/mnt /proc/self/ns/net; cat /proc/1/cgroup; id -u; pwd"
    said = masked("exec", "-u", "1234", "-w", "/usr/share", container, "sh", "-c", script).stdout.splitlines()
    pid = masked.engine.target(container).status.pid
    assert said[:3] == [os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("pid", "mnt", "net")]
    assert said[-2:] == ["1234", "/usr/share"]
    inside = masked("exec", container, "sh", "-c", "cat /proc/self/cgroup; grep -h Cap /proc/1/status").stdout
    assert inside == masked("exec", container, "sh", "-c", "cat /proc/1/cgroup; grep -h Cap /proc/self/status").stdout


def test_what_cannot_be_executed_is_told_as_elsewhere(masked: Masked, container: str) -> None:
    assert "there is no nonesuch" in masked.refused("exec", container, "nonesuch", status=127)
    assert "is not executable" in masked.refused("exec", container, "/etc", status=126)
    assert masked("exec", container, "echo", "still").stdout == "still\n"


def test_a_terminal_is_of_the_container(masked: Masked, container: str) -> None:
    said = masked("exec", "-t", container, "sh", "-c", "tty; echo here >/dev/tty").stdout
    assert said.replace("\r", "").splitlines() == ["/dev/pts/0", "here"]


def test_two_at_once_are_apart_and_the_end_of_the_container_ends_both(masked: Masked, container: str) -> None:
    started = [masked.start("exec", container, "sh", "-c", f"echo {word}; exec sleep 1000") for word in ("one", "two")]
    said = []
    for process in started:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 30)[0]
        said.append(process.stdout.readline())
    assert said == [b"one\n", b"two\n"]
    masked("rm", "-f", container)
    assert [process.wait(30) for process in started] == [128 + signal.SIGKILL] * 2
    for process in started:
        process.communicate()


def test_a_program_ends_when_who_stands_for_it_outside_is_killed(
    masked: Masked, container: str, eventually: Eventually
) -> None:
    masked("exec", "-d", container, "sleep", "4321")
    keepers = [pid for pid in _pids() if f"{container}\0sleep\0004321" in _command(pid)]
    assert len(keepers) == 1
    os.kill(keepers[0], signal.SIGKILL)
    eventually(lambda: not [pid for pid in _pids() if _command(pid).startswith("sleep\0004321")])


def test_the_container_can_neither_look_into_the_resident_nor_wait_for_it(masked: Masked, container: str) -> None:
    script = """
        cat /proc/2/comm
        for name in exe root cwd fd/3; do readlink /proc/2/$name && echo "open: $name"; done
        for name in environ maps mem; do head -c 1 /proc/2/$name && echo "open: $name"; done
    """
    assert masked("exec", container, "sh", "-c", script, status=None).stdout == "entrance\n"
    first = masked.engine.target(container).status.pid
    residents = [pid for pid in _pids() if _stat(pid)[1:2] == [str(first)] and _command(pid).startswith("entrance")]
    assert [_stat(pid)[35] for pid in residents] == ["0"], "its exit_signal: wait(2), __WCLONE"


def test_the_oldest_kernel_lets_programs_in(runtime: Runtime) -> None:
    oldest = Masked(runtime.root, runtime.state, OLDEST)
    name = oldest.detached("--prefer", "seccomp", "@host", "sleep", "1000")
    assert oldest("exec", name, "sh", "-c", "echo in; exit 5", status=5).stdout == "in\n"
    assert "entrance" in oldest("top", name).stdout


def test_a_container_that_may_trace_has_no_resident_and_says_so(masked: Masked) -> None:
    name = masked.detached("--cap-add", "SYS_PTRACE", "@host", "sleep", "1000")
    assert masked("top", name).stdout.count("\n") == 2
    masked.refused("exec", name, "true")


def test_a_resident_that_was_killed_is_told_and_nothing_waits_for_it(masked: Masked, container: str) -> None:
    masked("exec", container, "sh", "-c", "kill -9 2", status=None)
    assert "has ended" in masked.refused("exec", container, "true")


def test_an_init_of_ours_and_a_resident_do_not_disturb_each_other(masked: Masked) -> None:
    name = masked.detached(
        "--init", "@host", "sh", "-c", "trap 'exit 6' TERM; touch /ready; while :; do sleep 0.1; done"
    )
    masked("exec", name, "sh", "-c", "while ! test -e /ready; do sleep 0.1; done")
    assert masked("exec", name, "cat", "/proc/1/comm").stdout == "init\n"
    assert masked("stop", name).returncode == 0
    assert masked("wait", name).stdout == "6\n"


def test_nothing_of_a_container_is_left(masked: Masked, container: str) -> None:
    masked("exec", container, "true")
    masked("rm", "-f", container)
    assert os.listdir(Path(masked.state, "containers")) == []


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
