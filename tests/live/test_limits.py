"""What a container may use, seen from inside, and what happens when it wants more."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

Eventually = Callable[[Callable[[], object]], None]
GREEDY = "x=$(head -c 1 /dev/zero | tr '\\0' a); while :; do x=$x$x; done"


def memory_limit(name: str) -> int:
    """Of a running container, in bytes, asked of the kernel from outside."""
    for path in Path("/sys/fs/cgroup").glob(f"**/{name}/memory.[lm]*"):
        if path.name in ("memory.limit_in_bytes", "memory.max"):
            return int(path.read_text())
    pytest.skip("cgroup.memory: no memory controller")


def test_more_memory_than_the_limit_kills_and_is_told(runtime: Runtime) -> None:
    name = runtime.detached("--memory", "32m", "--memory-swap", "32m", "@host", "bash", "-c", GREEDY)
    assert runtime("wait", name).stdout.strip() == "137"
    assert runtime.engine.inspect(name)["State"]["OOMKilled"] is True


def test_an_ordinary_end_is_no_want_of_memory(runtime: Runtime) -> None:
    name = runtime.detached("--memory", "32m", "@host", "true")
    runtime("wait", name)
    assert runtime.engine.inspect(name)["State"]["OOMKilled"] is False


def test_a_new_limit_holds_while_it_runs_and_is_remembered(runtime: Runtime) -> None:
    name = runtime.detached("--memory", "64m", "@host", "sleep", "1000")
    assert memory_limit(name) == 64 << 20
    runtime("update", "--memory", "48m", "--memory-swap", "96m", name)
    assert memory_limit(name) == 48 << 20
    runtime("restart", "-t", "0", name)
    assert memory_limit(name) == 48 << 20


def test_no_more_processes_than_the_limit(runtime: Runtime) -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait"
    done = runtime("run", "--rm", "--network", "none", "--pids-limit", "4", "@host", "bash", "-c", script, status=None)
    assert "fork" in done.stderr


def test_the_cpus_given_are_the_cpus_seen(runtime: Runtime) -> None:
    last = max(os.sched_getaffinity(0))
    assert runtime.said("--cpuset-cpus", str(last), "@host", "nproc") == "1\n"
    said = runtime.said("--cpuset-cpus", str(last), "@host", "grep", "Cpus_allowed_list", "/proc/self/status")
    assert said.split()[1] == str(last)


def test_a_share_of_a_cpu_is_the_quota_of_its_group(runtime: Runtime) -> None:
    name = runtime.detached("--cpus", "0.5", "@host", "sleep", "1000")
    quotas = [
        path.read_text().split()[0]
        for path in Path("/sys/fs/cgroup").glob(f"**/{name}/cpu.*")
        if path.name in ("cpu.cfs_quota_us", "cpu.max")
    ]
    assert quotas == ["50000"]


def test_resource_limits_are_set(runtime: Runtime) -> None:
    assert runtime.said("--ulimit", "nofile=123:456", "@host", "bash", "-c", "ulimit -Sn; ulimit -Hn") == "123\n456\n"
    assert runtime.said("--ulimit", "core=0", "@host", "bash", "-c", "ulimit -c") == "0\n"


def test_shared_memory_has_the_size_asked_for(runtime: Runtime) -> None:
    said = runtime.said("--shm-size", "8m", "@host", "df", "-k", "/dev/shm")
    assert "8192" in said.split()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--memory", "1"), "--memory"),
        (("--memory", "lots"), "--memory"),
        (("--cpus", "1000"), "--cpus"),
        (("--cpuset-cpus", "4000"), "4000"),
        (("--pids-limit", "many"), "--pids-limit"),
        (("--ulimit", "nofile=2:1"), "nofile"),
        (("--memory", "64m", "--memory-swap", "32m"), "--memory-swap"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_name(runtime: Runtime, flags: tuple[str, ...], reason: str) -> None:
    told = runtime.refused("run", "--rm", "--network", "none", *flags, "@host", "true")
    assert reason in told
    assert "Hint:" in told
    assert runtime.names() == set()
