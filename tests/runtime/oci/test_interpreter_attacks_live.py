"""CVE-2019-5736: a container that has the runtime execute itself gets hold of the host's file, and can write to it once
nobody executes it any more. What a runtime in Python has to lose is the interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from backends.execution.namespaces.parent import executes
from tests.runtime.oci import attackers
from tests.runtime.oci.attackers import BLIND, INTERPRETER, altered
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

USER = {"process__user": {"uid": 1000, "gid": 1000}, "process__capabilities": {}}
WAYS = ["/proc/self/exe", "/proc/thread-self/exe", "/proc/self/task/../exe"]


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("command", ["run", "exec"])
def test_an_entrypoint_that_is_the_runtime_itself_is_refused(oci: Oci, command: str, path: str) -> None:
    attackers.furnish(oci)
    if command == "run":
        said = oci("run", "--bundle", oci.bundle(path), oci.name, status=1).stderr
    else:
        oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000"), oci.name)
        said = oci("exec", oci.name, path, status=255).stderr
    assert "permission denied" in said
    assert "leads out of the container" in said


@pytest.mark.parametrize("depth", range(6))
def test_scripts_that_lead_to_the_runtime_are_refused_however_many_there_are(oci: Oci, depth: int) -> None:
    attackers.furnish(oci)
    for number in range(depth):
        attackers.script(oci, f"/script{number}", f"/script{number + 1}")
    attackers.script(oci, f"/script{depth}", "/proc/self/exe")
    said = oci("run", "--bundle", oci.bundle("/script0"), oci.name, status=1).stderr
    assert "leads out of the container" in said or "too many levels" in said.lower(), said


def test_a_script_that_cannot_be_read_does_not_lead_to_the_runtime_either(oci: Oci) -> None:
    attackers.furnish(oci)
    attackers.script(oci, "/script", "/proc/self/exe", mode=0o111)
    bundle = oci.bundle("/script", **USER)
    assert "no such file" in oci("run", "--bundle", bundle, oci.name, status=1).stderr


def test_a_script_whose_interpreter_cannot_be_read_is_refused(oci: Oci) -> None:
    attackers.furnish(oci)
    attackers.script(oci, "/script", "/hidden")
    attackers.script(oci, "/hidden", "/proc/self/exe", mode=0o111)
    said = oci("run", "--bundle", oci.bundle("/script", **USER), oci.name, status=1).stderr
    assert "/hidden cannot be read" in said


def test_a_program_that_can_be_executed_and_not_read_runs_under_its_name(oci: Oci) -> None:
    os.unlink(f"{oci.rootfs}/usr/bin/busybox")  # one file with other tests' roots
    subprocess.run(["cp", "/bin/busybox", f"{oci.rootfs}/usr/bin/busybox"], check=True)
    subprocess.run(["cp", "/bin/busybox", f"{oci.rootfs}/cat"], check=True)
    os.chmod(f"{oci.rootfs}/cat", 0o111)
    bundle = oci.bundle("/cat", "/proc/self/comm", **USER)
    assert oci("run", "--bundle", bundle, oci.name).stdout == "cat\n"


def test_a_program_exchanged_while_its_container_waits_is_looked_at_again(oci: Oci) -> None:
    attackers.furnish(oci)
    os.link(f"{oci.rootfs}/usr/bin/busybox", f"{oci.rootfs}/sleep")
    oci("create", "--bundle", oci.bundle("/sleep", "1000"), oci.name)
    os.unlink(f"{oci.rootfs}/sleep")
    os.symlink("/proc/self/exe", f"{oci.rootfs}/sleep")
    assert "leads out of the container" in oci("start", oci.name, status=1).stderr


@pytest.mark.parametrize("command", ["run", "start", "exec"])
def test_a_container_that_was_quicker_than_the_look_is_ended_before_it_can_write(oci: Oci, command: str) -> None:
    still = [f"{name}={value}" for name, value in attackers.furnish(oci).items()]
    quick = altered(oci, BLIND)
    if command == "exec":
        oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000"), oci.name)
        said = quick("exec", "--env", still[0], oci.name, "/proc/self/exe", status=255).stderr
        assert oci.state()["status"] == "stopped"
    else:
        bundle = oci.bundle("/proc/self/exe", process__env=["PATH=/bin", *still])
        if command == "run":
            said = quick("run", "--detach", "--bundle", bundle, oci.name, status=1).stderr
        else:
            quick("create", "--bundle", bundle, oci.name)
            said = quick("start", oci.name, status=1).stderr
            assert oci.state()["status"] == "stopped"
    assert "all of its processes were ended" in said


def test_the_interpreter_cannot_be_written_while_a_command_of_ours_runs() -> None:
    """What the test above relies on; not so in Linux 6.11, until 6.12 took that back."""
    with pytest.raises(OSError, match="Text file busy"):
        os.close(os.open(INTERPRETER, os.O_WRONLY))


def test_an_image_may_have_the_same_interpreter_by_a_mount(oci: Oci) -> None:
    """A volume of the host's programs is no attack."""
    attackers.furnish(oci)
    bind = {"destination": "/python", "source": INTERPRETER, "options": ["bind", "ro"]}
    bundle = oci.bundle("/python", "--version")
    with_bind = oci.bundle("/python", "--version", mounts=[*_mounts(bundle), bind])
    assert oci("run", "--bundle", with_bind, oci.name).stdout.startswith("Python 3.")


def _mounts(bundle: str) -> list[dict[str, object]]:
    import json

    with open(f"{bundle}/config.json", encoding="utf-8") as stream:
        mounts: list[dict[str, object]] = json.load(stream)["mounts"]
    return mounts


def test_a_process_of_ours_is_told_from_another() -> None:
    own = os.stat("/proc/self/exe")
    with subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert executes(process.pid, (own.st_dev, own.st_ino))
        assert process.stdin is not None
        process.stdin.write(b"\n")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert not executes(process.pid, (own.st_dev, own.st_ino))
        assert process.stdin is not None
        process.stdin.close()
