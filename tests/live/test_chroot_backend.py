"""What is peculiar to containers that are executed by chroot: nothing but this program takes away what they leave."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHROOT = ("--network", "none", "--backend", "execution=chroot", "--prefer", "pid-namespace")
WITHOUT_CGROUPS = ("--backend", "cgroups=absent", "--cap-drop", "MKNOD", "--prefer", "kill-all")
# Whoever may join its /dev/shm needs the monitor's mounts on the host, and the container's come with them.
ON_THE_HOST = ("--forbid", "mount-namespace", "--ipc", "shareable")


@pytest.fixture
def mark() -> str:
    return f"1000.{os.getpid()}{time.monotonic_ns() % 1000000}"


def _running(mark: str) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{name}/cmdline").read_bytes().startswith(b"sleep\0" + mark.encode()):
                found.append(int(name))
        except OSError:
            continue
    return found


def _mounted(state: str) -> list[str]:
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if state in line]


def _daemon(mark: str) -> str:
    """One that has left its parent, its session, its environment and its process group."""
    return f"(setsid sh -c 'env -i sleep {mark} & exit' &)"


def test_without_cgroups_daemons_end_with_their_container(runtime: Any, mark: str) -> None:
    runtime("run", "--rm", *CHROOT, *WITHOUT_CGROUPS, "@host", "sh", "-c", f"{_daemon(mark)}; sleep 0.3")
    assert _running(mark) == []


def test_without_cgroups_daemons_end_also_when_the_monitor_was_killed(
    runtime: Any, mark: str, eventually: Callable[[Callable[[], object]], None]
) -> None:
    name = runtime("run", "-d", *CHROOT, *WITHOUT_CGROUPS, "@host", "sh", "-c", f"{_daemon(mark)}; sleep {mark}")
    name = name.stdout.strip()
    eventually(lambda: len(_running(mark)) == 2)
    os.kill(runtime.engine.target(name).status.live["monitor"], signal.SIGKILL)
    assert "its processes were ended" in runtime("ps", "-a").stderr
    assert _running(mark) == []


def test_two_containers_in_one_folder_do_not_end_each_others_processes(
    runtime: Any, mark: str, tmp_path: Path, eventually: Callable[[Callable[[], object]], None]
) -> None:
    image = runtime("create", "--network", "none", "@host", "true").stdout.strip()
    runtime("cp", f"{image}:/.", str(tmp_path / "root"), timeout=120)
    flags = (*CHROOT, *WITHOUT_CGROUPS, "--rootfs", str(tmp_path / "root"))
    runtime("run", "-d", *flags, "sh", "-c", f"{_daemon(mark)}; sleep {mark}")
    eventually(lambda: len(_running(mark)) == 2)
    runtime("run", "--rm", *flags, "true")
    assert len(_running(mark)) == 2


def test_mounts_on_the_host_are_there_while_it_runs_and_gone_when_it_ends(runtime: Any) -> None:
    name = runtime("run", "-d", *CHROOT, *ON_THE_HOST, "@host", "sleep", "1000").stdout.strip()
    assert any("/rootfs/proc " in line for line in _mounted(runtime.state))
    assert runtime("exec", name, "cat", "/proc/self/comm").stdout == "cat\n"
    runtime("rm", "-f", name)
    assert _mounted(runtime.state) == []


def test_mounts_on_the_host_are_taken_away_by_the_next_command_when_the_monitor_was_killed(runtime: Any) -> None:
    name = runtime("run", "-d", *CHROOT, *ON_THE_HOST, "@host", "sleep", "1000").stdout.strip()
    os.kill(runtime.engine.target(name).status.live["monitor"], signal.SIGKILL)
    assert "its resources released" in runtime("ps", "-a").stderr
    assert _mounted(runtime.state) == []


def test_mounts_on_the_host_are_taken_away_when_it_cannot_be_made(runtime: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = runtime.refused(
        "run", "--rm", *CHROOT, *ON_THE_HOST, "-v", f"{tmp_path}/file:/etc", "@host", "true", status=125
    )
    assert "bind" in told
    assert _mounted(runtime.state) == []


@pytest.mark.parametrize("flags", [("--cap-add", "SYS_CHROOT"), ("--privileged",)], ids=" ".join)
def test_a_capability_that_leads_out_is_refused_unless_the_root_is_given_up(
    runtime: Any, flags: tuple[str, ...]
) -> None:
    assert "--prefer own-root" in runtime.refused("run", "--rm", *CHROOT, *flags, "@host", "true")
    runtime("run", "--rm", *CHROOT, *flags, "--prefer", "own-root", "@host", "chroot", "/", "true")


def test_without_naming_them_no_such_capability_is_granted(runtime: Any) -> None:
    said = runtime("run", "--rm", *CHROOT, "@host", "grep", "CapBnd", "/proc/self/status").stdout
    assert int(said.split()[1], 16) & (1 << 18 | 1 << 27) == 0  # CAP_SYS_CHROOT, CAP_MKNOD
