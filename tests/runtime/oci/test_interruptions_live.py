"""A creator that is killed at any moment leaves nothing that `delete --force` does not remove, and no process."""

from __future__ import annotations

import glob
import os
import subprocess
import time
from pathlib import Path

import pytest

from backends.cgroups import layout
from tests.runtime.oci.conftest import REPOSITORY, Oci

pytestmark = pytest.mark.live


def members(oci: Oci) -> list[str]:
    found = []
    for path in glob.glob(f"/sys/fs/cgroup/**/runtime-oci-tests/{oci.name}/cgroup.procs", recursive=True):
        found += Path(path).read_text().split()
    return found


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.12, 0.15])
def test_a_creator_killed_at_any_moment_leaves_nothing(oci: Oci, delay: float) -> None:
    words = oci.command("create", "-b", oci.bundle("sleep", "1000"), oci.name)
    creator = subprocess.Popen(words, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(delay)  # not a wait for anything: the moment is what is tried
    creator.kill()
    creator.wait(10)
    oci("delete", "--force", oci.name)
    assert members(oci) == []
    assert not os.path.exists(f"{oci.root}/{oci.name}")
    oci("run", "-b", oci.bundle("true"), oci.name)


def test_a_hook_is_told_by_state_that_the_container_is_being_created(oci: Oci, tmp_path: Path) -> None:
    log = tmp_path / "log"
    asking = " ".join(oci.command("state", oci.name))
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"cd {REPOSITORY} && {asking} >{log} 2>&1"]}
    oci("create", "-b", oci.bundle("true", hooks={"createRuntime": [hook]}), oci.name)
    assert '"status": "creating"' in log.read_text()


def test_a_container_that_somebody_froze_in_a_cgroup_of_his_is_deleted_by_force(oci: Oci) -> None:
    top = layout.read().v1.get("freezer")
    if top is None:
        pytest.skip("there is no freezer of cgroup v1 here")
    oci("run", "--detach", "-b", oci.bundle("sleep", "1000"), oci.name)
    foreign = Path(top, f"test-foreign-{oci.name}")
    foreign.mkdir()
    try:
        (foreign / "tasks").write_text(str(oci.state()["pid"]))
        (foreign / "freezer.state").write_text("FROZEN")
        oci("delete", "--force", oci.name)
        assert not (foreign / "tasks").read_text()
        assert members(oci) == []
    finally:
        (foreign / "freezer.state").write_text("THAWED")
        foreign.rmdir()


def test_a_created_container_that_is_paused_does_not_keep_its_start_waiting(oci: Oci) -> None:
    oci("create", "-b", oci.bundle("sleep", "1000"), oci.name)
    oci("pause", oci.name)
    assert oci.state()["status"] == "paused"
    assert "cannot start a paused container" in oci("start", oci.name, status=1).stderr
    oci("resume", oci.name)
    assert oci.state()["status"] == "created"
    oci("start", oci.name)
    assert oci.state()["status"] == "running"
    oci("pause", oci.name)
    oci("delete", "--force", oci.name)
