"""Bundles that are executed by chroot, because $RUNTIME_EXECUTION says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.execution.chroot.breakouts import WAYS
from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

GRANTED = [name for name in bundles.CAPABILITIES if name not in WAYS]
FITTING: dict[str, Any] = {
    "linux__namespaces": bundles.namespaces("mount", "uts", "ipc", "network", "cgroup"),
    "process__capabilities": dict.fromkeys(("bounding", "effective", "permitted"), GRANTED),
}


@pytest.fixture(autouse=True)
def _by_chroot(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RUNTIME_EXECUTION", "chroot")
    yield


def _mounted(oci: Oci) -> bool:
    return str(oci.folder) in Path("/proc/self/mountinfo").read_text()


def test_a_bundle_that_asks_for_a_pid_namespace_is_refused(oci: Oci) -> None:
    assert "no pid namespace" in oci.run("true", status=1).stderr


def test_a_bundle_whose_capabilities_lead_out_is_refused(oci: Oci) -> None:
    told = oci.run("true", status=1, linux__namespaces=FITTING["linux__namespaces"]).stderr
    assert "CAP_SYS_CHROOT" in told
    assert "process.capabilities.bounding" in told


def test_its_program_runs_and_its_status_comes_back(oci: Oci) -> None:
    done = oci.run("hostname; ls /proc/1 >/dev/null && echo others are seen; exit 7", status=7, **FITTING)
    assert done.stdout == "box\nothers are seen\n"
    assert not _mounted(oci)


def test_it_is_created_started_entered_and_killed(oci: Oci) -> None:
    oci("create", "--bundle", oci.shell("exec sleep 1000", **FITTING), oci.name)
    oci("start", oci.name)
    assert oci("exec", oci.name, "sh", "-c", "echo $$ >/made; hostname").stdout == "box\n"
    assert os.path.exists(f"{oci.rootfs}/made")
    oci("kill", oci.name, "KILL")
    oci("delete", "--force", oci.name)
    assert os.listdir(oci.root) == []


def test_without_a_mount_namespace_nothing_stays_mounted(oci: Oci) -> None:
    own = {**FITTING, "linux__namespaces": bundles.namespaces("uts", "network")}
    assert oci.run("cat /proc/self/comm", **own).stdout == "cat\n"
    assert not _mounted(oci)


def test_a_backend_that_does_not_execute_bundles_is_refused(oci: Oci, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_EXECUTION", "lxc")
    assert "namespaces and chroot do" in oci.run("true", status=1).stderr
