"""Run inside a guest whose kernel gives out no namespaces any more: containers are executed by chroot, their mounts are
on the host, and everything of them is taken away by this program alone.

Not collected by itself: `test_other_kernels` names it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

STORE = ["--root", "/var/lib/without/root", "--state", "/run/without", "--storage", "copy"]
KINDS = ("user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time")
GIVEN_UP = "own-root,mount-namespace,pid-namespace,uts-namespace,ipc-namespace"
FLAGS = ("--network", "host", "--prefer", GIVEN_UP, "--cap-drop", "MKNOD")


@pytest.fixture(scope="module", autouse=True)
def _exhausted() -> Iterator[None]:
    for kind in KINDS:
        try:
            Path(f"/proc/sys/user/max_{kind}_namespaces").write_text("0")
        except FileNotFoundError:
            continue
    yield


def runtime(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli.main", *STORE, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=400
    )  # the first one copies the image
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def mounts() -> list[str]:
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if " /run/without" in line]


def processes() -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{name}/cmdline").read_bytes() == b"sleep\x001234\0":
                found.append(int(name))
        except OSError:
            continue
    return found


def gone() -> bool:
    """What SIGKILL has reached is a zombie for a moment: its command line is empty."""
    return not processes() and not mounts()


def test_this_is_such_a_host() -> None:
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True, check=False)
    assert "No space left" in done.stderr


def test_a_container_that_gives_nothing_up_is_refused_with_both_backends_reasons() -> None:
    told = runtime("run", "--rm", "@host", "true", status=125).stderr
    assert "namespaces: needs mount namespaces" in told
    assert "max_mnt_namespaces" in told
    assert "chroot: does not give pid-namespace" in told


def test_what_is_given_up_by_name_lets_it_run_by_chroot() -> None:
    script = "echo runs; id -u; ls /proc/self >/dev/null && cat /dev/null; test ! -e /work; exit 7"
    assert runtime("run", "--rm", *FLAGS, "@host", "sh", "-c", script, status=7).stdout == "runs\n0\n"
    assert gone()


def test_it_says_what_is_not_isolated() -> None:
    said = runtime("run", "--explain", *FLAGS, "@host", "true").stdout
    assert "execution: chroot (" in said
    for name in GIVEN_UP.split(",")[1:]:
        assert f"{name}: preferred by --prefer; not given" in said


def test_programs_run_in_it_terminals_too() -> None:
    runtime("run", "-d", "--name", "one", *FLAGS, "@host", "sleep", "1234")
    assert any("/rootfs/proc " in line for line in mounts())
    assert runtime("exec", "one", "sh", "-c", "echo inside >/made; cat /made").stdout == "inside\n"
    assert runtime("exec", "-t", "one", "tty").stdout.startswith("/dev/pts/")
    runtime("kill", "one")
    runtime("wait", "one")
    assert runtime("inspect", "--format", "{{.State.ExitCode}}", "one").stdout == "137\n"
    runtime("rm", "one")
    assert gone()


def test_its_daemons_end_with_it() -> None:
    runtime("run", "--rm", *FLAGS, "@host", "sh", "-c", "(setsid sh -c 'sleep 1234 & sleep 1234' &); sleep 0.5")
    assert gone()


def test_what_a_killed_monitor_leaves_is_taken_away_by_the_next_command() -> None:
    runtime("run", "-d", "--name", "two", *FLAGS, "@host", "sh", "-c", "(setsid sleep 1234 &); exec sleep 1234")
    deadline = time.monotonic() + 20
    while len(processes()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(_monitor(), signal.SIGKILL)
    assert "its processes were ended" in runtime("ps", "-a").stderr
    assert gone()
    runtime("rm", "two")


def _monitor() -> int:
    from runtime.engine import Engine
    from runtime.settings import settle

    return int(Engine(settle(STORE[1], STORE[3])).target("two").status.live["monitor"])
