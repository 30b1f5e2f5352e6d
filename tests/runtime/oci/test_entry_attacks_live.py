"""Attacks of a running container on what enters it, and of a caller's surroundings on us."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def test_a_process_that_waits_shows_its_neighbours_nothing(sleeping: Oci) -> None:
    """CVE-2016-9962, CVE-2019-5736: root in the same PID namespace, with the same capabilities."""
    joined = [{"type": kind} for kind in ("mount", "uts", "ipc", "network")]
    joined.append({"type": "pid", "path": f"/proc/{sleeping.state()['pid']}/ns/pid"})
    other = f"{sleeping.name}-waits"
    place = {"linux__namespaces": joined, "linux__cgroupsPath": f"/runtime-oci-tests/{other}"}
    sleeping("create", "--bundle", sleeping.bundle("true", **place), other)
    script = """
    for p in /proc/[0-9]*; do
        case $p in /proc/1|/proc/$$) continue;; esac
        [ -d $p ] || continue
        echo seen
        for f in exe root cwd fd/0 fd/3 ns/mnt; do readlink $p/$f && echo LEAK $f; done
        for f in environ maps mem auxv; do head -c1 $p/$f >/dev/null && echo LEAK $f; done
    done 2>/dev/null"""
    said = sleeping("exec", sleeping.name, "sh", "-c", script, status=None).stdout.split()
    assert "seen" in said
    assert "LEAK" not in said, said


@pytest.mark.parametrize("number", range(3, 12))
def test_a_leaked_descriptor_is_no_working_folder(sleeping: Oci, number: int) -> None:
    """CVE-2024-21626, by exec, and by a link in the container; run is with the backend's own tests."""
    os.symlink(f"/proc/self/fd/{number}", f"{sleeping.rootfs}/link{number}")
    leak = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for cwd in (f"/proc/self/fd/{number}", f"/link{number}", f"/proc/self/fd/{number}/../.."):
            done = sleeping("exec", "--cwd", cwd, sleeping.name, "ls", status=255, pass_fds=(leak,))
            assert "exec failed" in done.stderr
    finally:
        os.close(leak)


def test_a_descriptor_of_the_callers_does_not_come_in(sleeping: Oci) -> None:
    leak = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        done = sleeping("exec", sleeping.name, "ls", "/proc/self/fd", pass_fds=(leak,))
    finally:
        os.close(leak)
    assert done.stdout.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize("more", [[], ["--cap", "CAP_NET_ADMIN"]])
def test_nothing_is_inheritable_that_was_not_asked_for(sleeping: Oci, more: list[str]) -> None:
    """CVE-2022-24769, CVE-2022-29162."""
    said = sleeping("exec", *more, sleeping.name, "grep", "-E", "CapInh|CapAmb", "/proc/self/status").stdout
    assert {int(word, 16) for word in said.split()[1::2]} == {0}


TAMPERED = """
mount -t tmpfs none /proc && mkdir -p /proc/self/fd /proc/self/attr /proc/sys && echo fake >/proc/self/attr/exec
mount -t tmpfs none /dev
rm -f /etc/passwd /etc/group; mkfifo /etc/passwd; ln -s /etc/passwd /etc/group
touch /ready; exec sleep 1000
"""


def test_a_container_that_tampered_with_its_own_root_can_be_entered_all_the_same(oci: Oci) -> None:
    os.symlink("busybox", f"{oci.rootfs}/usr/bin/mkfifo")
    names = [*bundles.CAPABILITIES, "CAP_SYS_ADMIN"]
    capabilities = {"bounding": names, "effective": names, "permitted": names}
    oci("run", "--detach", "--bundle", oci.shell(TAMPERED, process__capabilities=capabilities), oci.name)
    while not os.path.exists(f"{oci.rootfs}/ready"):
        assert oci.state()["status"] == "running"
    entering = ("exec", "--env", "HOME=", "--user", "7:8", oci.name)
    assert oci(*entering, "sh", "-c", "echo $HOME; cat /proc/self/attr/exec").stdout == "/\nfake\n"
    oci("kill", oci.name, "KILL")


def test_a_terminal_is_never_one_of_the_containers_making(oci: Oci, tmp_path: Path) -> None:
    """/dev/pts/ptmx of a tampered container would hand us a file of its choice."""
    script = "mount -t tmpfs none /dev/pts && ln -s /etc/passwd /dev/pts/ptmx && touch /ready; exec sleep 1000"
    names = [*bundles.CAPABILITIES, "CAP_SYS_ADMIN"]
    capabilities = {"bounding": names, "effective": names, "permitted": names}
    oci("run", "--detach", "--bundle", oci.shell(script, process__capabilities=capabilities), oci.name)
    while not os.path.exists(f"{oci.rootfs}/ready"):
        assert oci.state()["status"] == "running"
    socket = str(tmp_path / "none")
    done = oci("exec", "--detach", "--tty", "--console-socket", socket, oci.name, "true", status=255)
    assert "not in a devpts file system" in done.stderr


def test_a_release_agent_cannot_be_set(oci: Oci) -> None:
    """CVE-2022-0492: as root, and as root of a user namespace that the container makes."""
    script = """
    mkdir /tmp/c
    mount -t cgroup -o rdma cgroup /tmp/c && echo MOUNTED
    unshare -U -r -m sh -c 'mount -t cgroup -o rdma cgroup /tmp/c && echo x >/tmp/c/release_agent && echo SET'
    for f in $(find /sys/fs/cgroup -name release_agent); do echo x >$f && echo SET; done
    true"""
    mount = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid"]}
    bundle = oci.shell(script)
    file = Path(bundle, "config.json")
    config = json.loads(file.read_text())
    config["mounts"].append(mount)
    file.write_text(json.dumps(config))
    assert oci("run", "--bundle", bundle, oci.name).stdout == ""


def test_an_environment_meant_for_the_container_is_not_ours(oci: Oci, tmp_path: Path) -> None:
    """A loader's or an interpreter's variables of process.env, in an image that has what they name."""
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "sitecustomize.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    names = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "LD_LIBRARY_PATH", "TMPDIR")
    variables = ["PATH=/bin", *(f"{name}={trap}" for name in names)]
    oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000", process__env=variables), oci.name)
    assert oci("exec", "--env", f"PYTHONPATH={trap}", oci.name, "sh", "-c", "echo $TMPDIR").stdout == f"{trap}\n"
    assert not (tmp_path / "sprung").exists()


def test_the_installed_command_does_not_listen_to_the_callers_python_variables(tmp_path: Path) -> None:
    """As a service of another user's making, or sudo with a kept environment, would have it."""
    command = Path(__file__).parents[3] / ".venv/bin/runtime-oci"
    if not command.exists():
        pytest.skip("there is no environment here: ./up setup makes it")
    (tmp_path / "sitecustomize.py").write_text("print('sprung')\n")
    (tmp_path / "runtime.py").write_text("print('sprung')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "runtime.py")}
    done = subprocess.run(
        [command, "--version"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "sprung" not in done.stdout


def test_states_are_written_for_their_owner_whatever_the_umask(oci: Oci) -> None:
    before = os.umask(0)
    try:
        oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000"), oci.name)
    finally:
        os.umask(before)
    folder = Path(oci.root, oci.name)
    assert [oct(path.stat().st_mode & 0o022) for path in (Path(oci.root), folder, *folder.iterdir())] == ["0o0"] * 4
    assert Path(folder, "state.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("mode", "group"), [(0o777, 0), (0o1777, 0), (0o770, 12345)])
def test_states_in_a_folder_that_others_write_to_are_not_believed(oci: Oci, mode: int, group: int) -> None:
    os.mkdir(oci.root)
    os.chown(oci.root, -1, group)
    os.chmod(oci.root, mode)
    try:
        for words in (("list",), ("state", oci.name), ("run", "--bundle", oci.bundle("true"), oci.name)):
            assert "others may write to it" in oci(*words, status=1).stderr
    finally:
        os.chmod(oci.root, 0o700)


def test_states_of_another_user_are_not_believed(oci: Oci) -> None:
    os.mkdir(oci.root)
    os.chown(oci.root, 12345, 12345)
    try:
        assert "it belongs to user 12345" in oci("list", status=1).stderr
    finally:
        os.chown(oci.root, 0, 0)
