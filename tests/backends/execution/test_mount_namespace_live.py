"""A mount namespace that was there before the container."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live


@pytest.fixture
def holder() -> Iterator[int]:
    """A process in a mount namespace of its own."""
    command = ["unshare", "--mount", "sh", "-c", "echo ready; exec cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


def _in(bundles: ModuleType, script: str, path: str, *kinds: str) -> dict[str, Any]:
    bundle: dict[str, Any] = bundles.shell(script, hostname=None)
    bundle["linux"]["namespaces"] = bundles.namespaces(*kinds, mount=path)
    return bundle


@pytest.mark.parametrize("kinds", [("pid",), ("pid", "time")], ids=["clone", "unshare"])
def test_the_container_is_in_it_and_sees_its_own_root(
    run: Any, bundles: ModuleType, holder: int, kinds: tuple[str, ...]
) -> None:
    path = f"/proc/{holder}/ns/mnt"
    wanted = os.readlink(path)
    result = run(_in(bundles, "readlink /proc/self/ns/mnt; ls -d /root /usr/bin; wc -l < /proc/mounts", path, *kinds))
    lines = result.stdout.splitlines()
    assert lines[:3] == [wanted, "/root", "/usr/bin"], result
    assert int(lines[3]) < 40, "the host's mounts are in sight"


def test_nothing_of_it_is_mounted_on_the_host(run: Any, bundles: ModuleType, rootfs: str, holder: int) -> None:
    result = run(_in(bundles, "true", f"/proc/{holder}/ns/mnt", "pid"))
    assert result.status == 0, result
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        assert rootfs not in stream.read()


def test_the_hosts_own_is_refused(run: Any, bundles: ModuleType) -> None:
    result = run(_in(bundles, "true", "/proc/self/ns/mnt", "pid"))
    assert result.error == "StepFailed"
    assert "config.json: linux.namespaces: the mount namespace is the host's own" in result.text


@pytest.mark.parametrize("path", ["/proc/self/ns/uts", "/proc/self/status", "/nonexistent/ns"])
def test_what_is_no_mount_namespace_is_an_error(run: Any, bundles: ModuleType, path: str) -> None:
    result = run(_in(bundles, "true", path, "pid"))
    assert result.error == "StepFailed", result
