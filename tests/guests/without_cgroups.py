"""Run inside a guest without cgroups and without overlay: what is refused, what is given up, and that it still works.

Not collected by itself: `test_other_kernels` names it.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

STORE = ["--root", "/var/lib/without/root", "--state", "/run/without"]


def runtime(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli.main", *STORE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120)


def test_this_is_such_a_host() -> None:
    with open("/proc/filesystems") as file:
        assert "overlay" not in file.read()
    assert os.listdir("/sys/fs/cgroup") == []


def test_a_container_whose_devices_cannot_be_limited_is_refused_with_the_way_out() -> None:
    done = runtime("run", "--rm", "@host", "true")
    assert done.returncode == 125
    assert "device-access" in done.stderr
    assert "--prefer device-access" in done.stderr


def test_what_is_given_up_by_name_lets_it_run_on_copies() -> None:
    done = runtime("run", "--rm", "--cap-drop", "MKNOD", "@host", "sh", "-c", "echo runs; exit 7")
    assert (done.returncode, done.stdout) == (7, "runs\n"), done.stderr
    assert os.listdir("/var/lib/without/root/storage") == ["copy"]


@pytest.mark.parametrize("limit", [("--memory", "64m"), ("--pids-limit", "10"), ("--cpus", "0.5")])
def test_a_limit_is_refused_never_dropped(limit: tuple[str, str]) -> None:
    done = runtime("run", "--rm", "--cap-drop", "MKNOD", *limit, "@host", "true")
    assert done.returncode == 125
    assert "limit" in done.stderr


def test_its_processes_end_with_it_all_the_same() -> None:
    started = runtime(
        "run", "-d", "--cap-drop", "MKNOD", "--name", "many", "@host", "sh", "-c", "sleep 1000 & sleep 1000"
    )
    assert started.returncode == 0, started.stderr
    assert runtime("rm", "-f", "many").returncode == 0
    assert "sleep 1000" not in subprocess.run(["ps", "ax"], capture_output=True, text=True, check=True).stdout


def test_exec_and_signals_work_there() -> None:
    assert runtime("run", "-d", "--cap-drop", "MKNOD", "--name", "one", "@host", "sleep", "1000").returncode == 0
    assert runtime("exec", "one", "echo", "inside").stdout == "inside\n"
    assert runtime("stop", "-t", "0", "one").returncode == 0
    inspected = runtime("inspect", "--format", "{{.State.ExitCode}}", "one")
    assert (inspected.stdout, inspected.stderr) == ("137\n", "")
    assert runtime("rm", "one").returncode == 0
