"""checkpoint and restore. They take criu, and a kernel that criu can work with: `ci/machine.py` has one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

# Counts as long as it runs; what it has counted is in its memory alone, and told when it is asked.
COUNTER = "n=0; trap 'echo $n >/told/count' USR1; while :; do n=$((n+1)); sleep 0.05 & wait $!; done"


def _check() -> str:
    """Why criu cannot work here, in its own words; empty if it can."""
    if not shutil.which("criu"):
        return "criu is not installed"
    done = subprocess.run(["criu", "check"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else "criu check: " + (done.stdout + done.stderr).strip().splitlines()[-1]


REASON = _check()
able = pytest.mark.skipif(bool(REASON), reason=REASON)
needed = pytest.mark.skipif(not shutil.which("criu"), reason="criu is not installed")


@pytest.fixture
def images(tmp_path: Path) -> str:
    return str(tmp_path / "images")


def _counting(oci: Oci, tmp_path: Path, **overrides: Any) -> str:
    """The bundle of a container that runs now."""
    (tmp_path / "told").mkdir()
    bundle = oci.shell(COUNTER, **overrides)
    config = json.loads(Path(bundle, "config.json").read_text())
    config["mounts"].append({"destination": "/told", "source": f"{tmp_path}/told", "options": ["bind"]})
    Path(bundle, "config.json").write_text(json.dumps(config))
    oci("run", "--detach", "--bundle", bundle, oci.name)
    return bundle


def _count(oci: Oci, tmp_path: Path) -> int:
    """What it has counted."""
    file = tmp_path / "told/count"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        oci("kill", oci.name, "USR1")
        time.sleep(0.1)
        if file.exists() and file.read_text().strip():
            text = file.read_text()
            file.unlink()
            return int(text)
    raise TimeoutError("the container does not count any more")


@able
def test_a_container_is_continued_where_it_was_left(oci: Oci, tmp_path: Path, images: str) -> None:
    bundle = _counting(oci, tmp_path)
    while _count(oci, tmp_path) < 20:
        continue
    before = _count(oci, tmp_path)
    oci("checkpoint", "--image-path", images, oci.name)
    assert oci("list", "-q").stdout == ""
    pid_file = tmp_path / "pid"
    oci("restore", "--detach", "--bundle", bundle, "--image-path", images, "--pid-file", str(pid_file), oci.name)
    state = oci.state()
    assert (state["status"], state["pid"]) == ("running", int(pid_file.read_text()))
    assert _count(oci, tmp_path) >= before
    assert oci("exec", oci.name, "hostname").stdout == "box\n"
    assert oci("exec", oci.name, "sh", "-c", "cat /proc/keys; echo x >/proc/sys/kernel/hostname", status=1).stdout == ""


@able
def test_a_restored_container_has_the_limits_of_its_bundle(oci: Oci, tmp_path: Path, images: str) -> None:
    bundle = _counting(oci, tmp_path, linux__resources={"pids": {"limit": 77}})
    oci("checkpoint", "--image-path", images, oci.name)
    oci("restore", "--detach", "--bundle", bundle, "--image-path", images, oci.name)
    pids = json.loads(oci("events", "--stats", oci.name).stdout)["data"]["pids"]
    assert pids["limit"] == 77
    assert pids["current"] >= 1


@able
def test_a_container_goes_on_after_it_was_saved_where_that_is_asked(oci: Oci, tmp_path: Path, images: str) -> None:
    _counting(oci, tmp_path)
    oci("checkpoint", "--leave-running", "--image-path", images, oci.name)
    first = _count(oci, tmp_path)
    assert _count(oci, tmp_path) > first


@able
def test_memory_is_saved_in_advance_and_the_rest_refers_to_it(oci: Oci, tmp_path: Path) -> None:
    bundle = _counting(oci, tmp_path)
    oci("checkpoint", "--pre-dump", "--image-path", f"{tmp_path}/first", oci.name)
    assert oci.state()["status"] == "running"
    oci("checkpoint", "--parent-path", "../first", "--image-path", f"{tmp_path}/second", oci.name)
    oci("restore", "--detach", "--bundle", bundle, "--image-path", f"{tmp_path}/second", oci.name)
    assert _count(oci, tmp_path) > 0


@able
def test_restore_in_the_foreground_returns_the_status_of_the_program(oci: Oci, tmp_path: Path, images: str) -> None:
    bundle = oci.shell("while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 7")
    oci("run", "--detach", "--bundle", bundle, oci.name)
    oci("checkpoint", "--image-path", images, "--work-path", f"{tmp_path}/work", oci.name)
    assert Path(tmp_path, "work/dump.log").exists()
    Path(oci.rootfs, "tmp/go").touch()
    oci("restore", "--bundle", bundle, "--image-path", images, oci.name, status=7)
    assert oci("list", "-q").stdout == ""


@able
def test_a_container_in_a_network_of_others_is_continued_in_it(oci: Oci, tmp_path: Path, images: str) -> None:
    with subprocess.Popen(["unshare", "-n", "sleep", "1000"]) as holder:
        try:
            own = os.readlink("/proc/self/ns/net")
            while os.readlink(f"/proc/{holder.pid}/ns/net") == own:
                time.sleep(0.01)
            kinds = [{"type": kind} for kind in ("mount", "pid", "uts", "ipc")]
            kinds.append({"type": "network", "path": f"/proc/{holder.pid}/ns/net"})
            bundle = _counting(oci, tmp_path, linux__namespaces=kinds)
            oci("checkpoint", "--image-path", images, oci.name)
            oci("restore", "--detach", "--bundle", bundle, "--image-path", images, oci.name)
            wanted = os.readlink(f"/proc/{holder.pid}/ns/net")
            assert os.readlink(f"/proc/{oci.state()['pid']}/ns/net") == wanted
        finally:
            holder.kill()


@needed
@pytest.mark.skipif(not REASON, reason="criu works on this kernel")
def test_where_the_kernel_is_not_for_criu_its_words_are_told_and_the_container_goes_on(
    sleeping: Oci, images: str
) -> None:
    said = sleeping("checkpoint", "--image-path", images, sleeping.name, status=1).stderr
    assert "criu failed: dump ended with 1: " in said
    assert "Error (criu/" in said
    assert f"{images}/dump.log" in said
    assert sleeping.state()["status"] == "running"


@needed
def test_what_was_not_saved_is_not_continued_and_nothing_is_left(oci: Oci, images: str) -> None:
    said = oci("restore", "--bundle", oci.bundle("true"), "--image-path", images, oci.name, status=1).stderr
    assert f"{images} has no saved container" in said
    os.mkdir(images)
    Path(images, "descriptors.json").write_text('["/dev/null", "/dev/null", "/dev/null"]')
    said = oci("restore", "--bundle", oci.bundle("true"), "--image-path", images, oci.name, status=1).stderr
    assert "criu failed: restore ended with 1: " in said
    assert oci("list", "-q").stdout == ""
    assert not os.path.exists(f"{oci.root}/{oci.name}")


def test_without_criu_it_is_named(sleeping: Oci, images: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    said = sleeping("checkpoint", "--image-path", images, sleeping.name, status=1).stderr
    assert "install Debian's package criu" in said


@needed
@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--manage-cgroups-mode", "odd"), "invalid manage cgroups mode"),
        (("--empty-ns", "uts"), "namespace uts is not supported"),
        (("--parent-path", "/absolute"), "--parent-path"),
        (("--parent-path", "nowhere"), "invalid parent path"),
        (("--page-server", "nowhere"), "--page-server is ADDRESS:PORT"),
    ],
)
def test_an_option_that_cannot_be_is_named(sleeping: Oci, images: str, words: tuple[str, str], named: str) -> None:
    assert named in sleeping("checkpoint", *words, "--image-path", images, sleeping.name, status=1).stderr


def test_only_what_runs_is_saved(oci: Oci, images: str) -> None:
    oci("create", "--bundle", oci.bundle("true"), oci.name)
    said = oci("checkpoint", "--image-path", images, oci.name, status=1).stderr
    assert "cannot be checkpointed in created state" in said
