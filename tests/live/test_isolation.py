"""What is really in force in containers that run, also after somebody changed it behind our back."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.live.conftest import Runtime

CLONE_NEWNS = 0x00020000


def differences(runtime: Runtime, name: str, status: int) -> dict[str, str]:
    found = json.loads(runtime("inspect", "--isolation", "--json", name, status=status).stdout)[0]
    assert found["as_asked"] is (status == 0)
    return {row["name"]: row["verdict"] for row in found["in_force"] if row["verdict"] not in ("as asked", "unknown")}


def unmount_inside(pid: int, path: str) -> None:
    """As root on the host can at any time."""
    child = os.fork()
    if child == 0:
        library = ctypes.CDLL(None)
        descriptor = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
        os._exit(library.setns(descriptor, CLONE_NEWNS) or library.umount2(path.encode(), 0))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_limit_and_a_mask_that_were_taken_away_are_found(runtime: Runtime) -> None:
    name = runtime.detached("--memory", "64m", "--pids-limit", "40", "--read-only", "@host", "sleep", "60")
    state = runtime.engine.inspect(name)
    assert differences(runtime, name, 0) == {}
    (limit,) = Path("/sys/fs/cgroup").glob(f"**/{name}/pids.max")
    limit.write_text("77")
    masked = "/proc/timer_list" if os.path.exists("/proc/timer_list") else "/proc/keys"
    unmount_inside(state["State"]["Pid"], masked)
    assert differences(runtime, name, 1) == {"pids.limit": "weaker", masked: "weaker", "masked paths": "weaker"}
    text = runtime("inspect", "--isolation", name, status=1).stdout.splitlines()
    assert any(line.split()[:5] == ["!", "cgroup", "pids.limit", "40", "77"] for line in text)


def test_a_program_that_gives_up_rights_itself_is_not_weaker(
    runtime: Runtime, eventually: Callable[[Callable[[], object]], None]
) -> None:
    name = runtime.detached("--ulimit", "nofile=100:100", "@host", "sh", "-c", "ulimit -n 50; exec sleep 60")
    pid = runtime.engine.inspect(name)["State"]["Pid"]
    eventually(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    assert differences(runtime, name, 0) == {"nofile": "narrower"}


def test_privileges_that_were_asked_for_are_as_asked(runtime: Runtime) -> None:
    name = runtime.detached("--cap-add", "SYS_TIME", "--security-opt", "seccomp=unconfined", "@host", "sleep", "60")
    assert differences(runtime, name, 0) == {}


def test_what_does_not_run_has_nothing_in_force(runtime: Runtime) -> None:
    name = runtime("create", "--network", "none", "@host", "true").stdout.strip()
    told = runtime.refused("inspect", "--isolation", name)
    assert "is created, not running" in told
    assert "`runtime start" in told


def test_only_containers_have_isolation(runtime: Runtime) -> None:
    assert "--isolation is of containers" in runtime.refused("inspect", "--isolation", "--type", "image", "@host")
    assert "--json belongs to --isolation" in runtime.refused("inspect", "--json", "@host")
