"""Options that runc got late: --pidfd-socket, exec --cgroup, and what --debug tells."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from backends.cgroups import layout
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def stops(oci: Oci) -> bool:
    limit = time.monotonic() + 10
    while oci.state()["status"] != "stopped":
        assert time.monotonic() < limit
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not hasattr(signal, "pidfd_send_signal"), reason="pidfds are of Linux 5.3")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_pidfd_of_a_created_container_ends_it(oci: Oci, tmp_path: Path, number: int) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen(1)
        oci("create", "-b", oci.bundle("sleep", "1000"), "--pidfd-socket", str(tmp_path / "socket"), oci.name)
        connection, _ = listener.accept()
        with connection:
            _, (descriptor,), _, _ = socket.recv_fds(connection, 100, 1)
    assert oci.state()["status"] == "created"
    signal.pidfd_send_signal(descriptor, number)
    os.close(descriptor)
    assert stops(oci)


@pytest.fixture
def pids(sleeping: Oci) -> Path:
    """The container's own cgroup of the pids controller."""
    found = layout.read()
    top = found.v1.get("pids") or found.v2
    path = next(line for line in _cgroups(sleeping.state()["pid"]) if ":pids:" in line or line.startswith("0::"))
    return Path(top + path.split(":", 2)[2])


def _cgroups(pid: int) -> list[str]:
    return sorted(Path(f"/proc/{pid}/cgroup").read_text().splitlines(), reverse=True)


def test_exec_goes_into_a_cgroup_below_the_containers(sleeping: Oci, pids: Path) -> None:
    (pids / "below").mkdir()
    word = "pids:below" if layout.read().v1 else "below"
    said = sleeping("exec", "--cgroup", word, sleeping.name, "cat", "/proc/self/cgroup").stdout
    assert any(line.endswith("/below") for line in said.splitlines())


@pytest.mark.parametrize(
    "word, why", [("..", "is not a sub cgroup path"), ("none", "no such file"), ("nope:/", "unknown controller nope")]
)
def test_exec_goes_into_no_other_cgroup(sleeping: Oci, word: str, why: str) -> None:
    assert why in sleeping("exec", "--cgroup", word, sleeping.name, "true", status=255).stderr


def test_a_cgroup_with_processes_in_it_is_no_containers(sleeping: Oci) -> None:
    bundle = sleeping.bundle("true", linux__cgroupsPath=f"/runtime-oci-tests/{sleeping.name}")
    assert "container's cgroup is not empty" in sleeping("run", "-b", bundle, "other", status=1).stderr


def test_a_frozen_cgroup_is_refused(oci: Oci) -> None:
    freezer = layout.read().v1.get("freezer")
    if not freezer:
        pytest.skip("this host has no freezer of cgroup v1")
    folder = Path(freezer, oci.name)
    folder.mkdir()
    (folder / "freezer.state").write_text("FROZEN")
    assert (
        "container's cgroup unexpectedly frozen" in oci.run("true", status=1, linux__cgroupsPath=f"/{oci.name}").stderr
    )
    assert (folder / "freezer.state").read_text() == "FROZEN\n"
    folder.rmdir()


def test_debug_tells_every_step(oci: Oci) -> None:
    oci("--debug", "run", "-d", "-b", oci.bundle("sleep", "1000"), oci.name)
    said = oci("--debug", "exec", oci.name, "true").stderr
    assert "level=debug" in said
    assert "setns_init: about to exec" in said


def test_exec_has_the_containers_personality(oci: Oci) -> None:
    oci("run", "-d", "-b", oci.bundle("sleep", "1000", linux__personality={"domain": "LINUX32"}), oci.name)
    assert oci("exec", oci.name, "uname", "-m").stdout != f"{os.uname().machine}\n"


def test_a_hook_inside_runs_under_the_filter(oci: Oci) -> None:
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "mkdir /made"]}
    rules = [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}
    done = oci.run("true", status=1, linux__seccomp=profile, hooks={"startContainer": [hook]})
    assert "error running startContainer hook #0" in done.stderr
    assert not os.path.exists(f"{oci.rootfs}/made")
