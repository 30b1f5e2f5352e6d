"""Images by other people's tools, and ours in theirs: skopeo, umoci, buildah."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

Tool = Callable[..., str]
BUSYBOX = "/bin/busybox"  # of busybox-static: one file that is a whole image


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Runs a tool in the test's folder, where it also keeps what it keeps. Skipped where it is not installed."""

    def run(name: str, *arguments: str) -> str:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        if name == "buildah":
            # vfs works on every file system; chroot isolation wants no runtime of its own.
            kept = ("--storage-driver", "vfs", "--root", f"{tmp_path}/storage", "--runroot", f"{tmp_path}/run")
            arguments = (*kept, *arguments)
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(tmp_path)}
        done = subprocess.run(
            [name, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def busybox() -> str:
    if not os.path.exists(BUSYBOX):
        pytest.skip(f"{BUSYBOX} is not there: busybox-static is not installed")
    return BUSYBOX


@pytest.fixture
def saved(runtime: Runtime, tmp_path: Path, busybox: str) -> str:
    """A small image of ours, saved to an archive: its file's name."""
    folder = tmp_path / "files/bin"
    folder.mkdir(parents=True)
    shutil.copy(busybox, folder)
    (folder / "sh").symlink_to("busybox")
    subprocess.run(["tar", "-C", tmp_path / "files", "-cf", tmp_path / "files.tar", "."], check=True)
    change = ("-c", 'CMD ["sh", "-c", "echo ours"]', "-c", "ENV A=1", "-c", "LABEL b=2")
    runtime("import", *change, str(tmp_path / "files.tar"), "example.org/ours:1")
    runtime("save", "-o", str(tmp_path / "ours.tar"), "example.org/ours:1")
    runtime("save", "--format", "oci", "-o", str(tmp_path / "ours-oci.tar"), "example.org/ours:1")
    runtime("rmi", "example.org/ours:1")
    return "ours.tar"


def loaded(runtime: Runtime, path: Path) -> str:
    """The name, or the identifier, of the one image in a file."""
    return runtime("load", "-q", "-i", str(path)).stdout.split()[-1]


@pytest.mark.parametrize("source", ["docker-archive:ours.tar", "oci-archive:ours-oci.tar"])
def test_skopeo_reads_ours(tool: Tool, saved: str, source: str) -> None:
    told = json.loads(tool("skopeo", "inspect", "--config", source))
    assert told["config"]["Env"][-1] == "A=1"
    assert told["config"]["Labels"] == {"b": "2"}


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("target", ["docker-archive:back", "oci:back:1", "oci-archive:back:1"])
def test_what_skopeo_makes_of_ours_runs(
    runtime: Runtime, tool: Tool, saved: str, tmp_path: Path, compression: str, target: str
) -> None:
    tool("skopeo", "copy", "-q", f"docker-archive:{saved}", "oci:between:1")
    flags = ("--dest-compress-format", compression) if target.startswith("oci") else ()
    tool("skopeo", "copy", "-q", *flags, "oci:between:1", target)
    name = loaded(runtime, tmp_path / "back")
    assert runtime.said(name) == "ours\n"
    runtime("rmi", name)


def test_umoci_unpacks_ours(tool: Tool, saved: str, tmp_path: Path) -> None:
    tool("skopeo", "copy", "-q", "oci-archive:ours-oci.tar", "oci:layout:1")
    tool("umoci", "unpack", "--image", "layout:1", "bundle")
    assert (tmp_path / "bundle/rootfs/bin/sh").is_symlink()
    assert json.loads((tmp_path / "bundle/config.json").read_text())["process"]["args"] == ["sh", "-c", "echo ours"]


def test_an_image_by_umoci_runs(runtime: Runtime, tool: Tool, tmp_path: Path, busybox: str) -> None:
    tool("umoci", "init", "--layout", "layout")
    tool("umoci", "new", "--image", "layout:1")
    tool("umoci", "insert", "--image", "layout:1", busybox, "/bin/busybox")
    (tmp_path / "file").write_text("first\n")
    tool("umoci", "insert", "--image", "layout:1", "file", "/file")
    tool("umoci", "insert", "--whiteout", "--image", "layout:1", "/file")
    config = ("--config.entrypoint", "/bin/busybox", "--config.cmd", "id", "--config.user", "7:8")
    tool("umoci", "config", "--image", "layout:1", *config, "--config.workingdir", "/there")
    name = loaded(runtime, tmp_path / "layout")
    assert runtime.said(name) == "uid=7 gid=8\n"
    assert runtime.said(name, "pwd") == "/there\n"
    assert "first" not in runtime.said(name, "ls", "/")
    assert runtime("history", "-q", name).stdout.count("\n") >= 3
    runtime("rmi", name)


def test_an_image_by_buildah_runs(runtime: Runtime, tool: Tool, tmp_path: Path, busybox: str) -> None:
    tool("buildah", "from", "--name", "work", "scratch")
    tool("buildah", "copy", "work", busybox, "/bin/busybox")
    tool("buildah", "run", "work", "/bin/busybox", "--install", "-s", "/bin")
    tool("buildah", "config", "--cmd", "echo by buildah", "--env", "A=b", "--label", "x=y", "work")
    tool("buildah", "config", "--stop-signal", "USR1", "--volume", "/data", "--workingdir", "/tmp", "work")
    tool("buildah", "commit", "-q", "work", "made")
    tool("buildah", "push", "-q", "made", "docker-archive:one.tar:example.org/made:1")
    tool("buildah", "push", "-q", "made", "oci-archive:two.tar:example.org/made:2")
    identifiers = set()
    for file in ("one.tar", "two.tar"):
        runtime("load", "-i", str(tmp_path / file))
    for name in ("example.org/made:1", "example.org/made:2"):
        assert runtime.said(name) == "by buildah\n"
        assert runtime.said(name, "sh", "-c", "echo $A; pwd") == "b\n/tmp\n"
        told = runtime("inspect", "-f", "{{.Id}} {{.Config.StopSignal}} {{.Config.Labels.x}}", name).stdout.split()
        identifiers.add(told[0])
        assert told[1:] == ["USR1", "y"]
    assert len(identifiers) == 1
    for name in runtime("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split():
        if "made" in name:
            runtime("rmi", name)


def test_buildah_builds_on_ours(runtime: Runtime, tool: Tool, saved: str, tmp_path: Path) -> None:
    tool("buildah", "from", "--name", "work", f"docker-archive:{saved}")
    tool("buildah", "run", "work", "sh", "-c", "echo added >/added; mkdir /gone && rmdir /gone")
    tool("buildah", "commit", "-q", "work", "built")
    tool("buildah", "push", "-q", "built", "oci:layout:built")
    name = loaded(runtime, tmp_path / "layout")
    assert runtime.said(name, "sh", "-c", "busybox cat /added") == "added\n"
    runtime("rmi", name)
