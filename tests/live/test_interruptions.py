"""Killed at any instant, nothing is lost, and the next command puts right what is left."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from runtime.containers import state
from runtime.paths import Paths
from tests.live.conftest import Runtime


def monitor_of(runtime: Runtime, identifier: str) -> int:
    live = state.read(Paths(runtime.root, runtime.state), identifier)
    assert live is not None
    return int(live["monitor"])


def detached(runtime: Runtime, *flags: str) -> str:
    return runtime("run", "-d", "--network", "none", *flags, "@host", "sleep", "1000").stdout.strip()


def test_a_killed_monitor_takes_its_container_along(runtime: Runtime, eventually: Callable[..., None]) -> None:
    identifier = detached(runtime)
    pid = runtime.engine.inspect(identifier)["State"]["Pid"]
    os.kill(monitor_of(runtime, identifier), signal.SIGKILL)
    eventually(lambda: not os.path.exists(f"/proc/{pid}"))


def test_the_next_command_names_and_repairs_a_killed_monitor(runtime: Runtime) -> None:
    identifier = detached(runtime, "--name", "victim")
    os.kill(monitor_of(runtime, identifier), signal.SIGKILL)
    shown = runtime("ps", "-a")
    assert "Exited (137)" in shown.stdout
    assert "container victim: its monitor was killed" in shown.stderr
    assert runtime("ps", "-a").stderr == ""


def test_a_repaired_container_starts_again(runtime: Runtime) -> None:
    identifier = detached(runtime)
    os.kill(monitor_of(runtime, identifier), signal.SIGKILL)
    runtime("start", identifier)
    assert runtime.engine.inspect(identifier)["State"]["Running"]


def test_a_killed_monitor_of_a_container_with_rm_leaves_nothing_after_the_next_command(runtime: Runtime) -> None:
    identifier = detached(runtime, "--rm")
    os.kill(monitor_of(runtime, identifier), signal.SIGKILL)
    runtime("ps", "-a")
    assert not os.path.exists(f"{runtime.root}/containers/{identifier}")


def test_the_container_outlives_the_command_that_started_it(runtime: Runtime, eventually: Callable[..., None]) -> None:
    command = runtime.start("run", "--name", "survivor", "--network", "none", "@host", "sleep", "1000")
    eventually(lambda: any(row["State"] == "running" for row in runtime.engine.containers()))
    command.kill()
    command.communicate()
    assert runtime.engine.inspect("survivor")["State"]["Running"]


@pytest.mark.parametrize("seed", range(8))
def test_a_run_killed_at_a_random_instant_leaves_what_the_next_command_removes(runtime: Runtime, seed: int) -> None:
    command = runtime.start("run", "-d", "--name", "random", "--network", "none", "@host", "sleep", "1000")
    time.sleep(random.Random(seed).uniform(0.0, 0.4))
    command.kill()
    command.communicate()
    runtime("ps", "-a")  # repairs
    runtime("rm", "-f", "random", status=None)
    runtime("run", "--rm", "--name", "random", "--network", "none", "@host", "true")


@pytest.mark.parametrize("seed", range(4))
def test_a_removal_killed_at_a_random_instant_is_completed(runtime: Runtime, seed: int) -> None:
    identifier = runtime("create", "--name", "going", "@host", "true").stdout.strip()
    command = runtime.start("rm", "going")
    time.sleep(random.Random(seed).uniform(0.05, 0.3))
    command.kill()
    command.communicate()
    runtime("ps", "-a")
    runtime("rm", "-f", "going", status=None)
    assert not os.path.exists(f"{runtime.root}/containers/{identifier}")
    assert runtime.names() == set()


def test_a_reboot_is_told_from_an_exit(runtime: Runtime, eventually: Callable[..., None]) -> None:
    identifier = detached(runtime, "--name", "rebooted")
    pid = runtime.engine.inspect(identifier)["State"]["Pid"]
    os.kill(monitor_of(runtime, identifier), signal.SIGKILL)
    eventually(lambda: not os.path.exists(f"/proc/{pid}"))
    os.unlink(f"{runtime.state}/containers/{identifier}/state.json")  # a new boot's /run is empty
    shown = runtime("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", "rebooted")
    assert shown.stdout.strip() == "exited 137"
    for path in (f"{top}/runtime/{identifier}" for top in _hierarchies()):
        if os.path.isdir(path):
            os.rmdir(path)  # what a reboot would have taken too


def _hierarchies() -> list[str]:
    return [f"/sys/fs/cgroup/{name}" for name in os.listdir("/sys/fs/cgroup")]


def test_a_damaged_record_is_named_and_can_be_removed(runtime: Runtime) -> None:
    identifier = runtime("create", "--name", "broken", "@host", "true").stdout.strip()
    with open(f"{runtime.root}/containers/{identifier}/record.json", "w") as file:
        file.write('{"schema": 1, "id": "')
    assert "is damaged" in runtime("inspect", "broken", status=None).stderr
    runtime("ps", "-a")
    runtime("rm", "-f", "broken")
    runtime("run", "--rm", "--name", "broken", "--network", "none", "@host", "true")


def test_a_name_taken_by_a_killed_creation_is_free_and_pruning_takes_the_rest(runtime: Runtime) -> None:
    ghost = "a" * 64  # killed before its record was written
    os.symlink(ghost, f"{runtime.root}/names/ghost")
    os.mkdir(f"{runtime.root}/containers/{ghost}")
    runtime("create", "--name", "ghost", "@host", "true")
    assert not os.path.exists(f"{runtime.root}/containers/{ghost}")
    os.mkdir(f"{runtime.root}/containers/{ghost}")
    assert "aaaaaaaaaaaa" in runtime("system", "prune", "-f").stderr
    assert os.listdir(f"{runtime.root}/containers") == []
