"""systemd as the driver of cgroups, against a real one (see `booted`)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.oci.booted import PROGRAM, Booted
from tests.runtime.oci.conftest import Oci

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not os.path.exists(PROGRAM), reason="program.systemd: not installed (Debian's package systemd)"),
]
MIB = 1 << 20


class ByItsBus(Oci):
    """The command beside systemd, told to use it."""

    booted: Booted

    def command(self, *arguments: str) -> list[str]:
        return self.booted.within(*super().command("--systemd-cgroup", *arguments))

    @property
    def unit(self) -> str:
        return f"test-{self.name}.scope"

    def start(self, *arguments: str, **overrides: Any) -> None:
        overrides.setdefault("linux__cgroupsPath", f":test:{self.name}")
        bundle = self.bundle(*(arguments or ("sleep", "1000")), **overrides)
        self("run", "--detach", "--bundle", bundle, self.name)

    def shown(self, *names: str) -> dict[str, str]:
        return self.booted.shown(self.unit, *names)

    def limit(self, v1: str, v2: str) -> str:
        """What the kernel has in force: "memory/memory.limit_in_bytes", or v2's file."""
        paths = json.loads(Path(self.root, self.name, "state.json").read_text())["cgroups"]
        names = next((names for names in paths if v1.split("/", maxsplit=1)[0] in names.split(",")), "unified")
        return self.booted.read(f"{paths[names]}/{v2 if names == 'unified' else v1.split('/')[1]}")


@pytest.fixture(scope="module")
def booted() -> Iterator[Booted]:
    systemd = Booted()
    yield systemd
    systemd.end()


@pytest.fixture
def oci(oci: Oci, booted: Booted) -> Iterator[ByItsBus]:
    by_bus = ByItsBus(oci.folder, oci.rootfs)
    by_bus.booted = booted
    yield by_bus
    for name in by_bus("list", "-q").stdout.split():
        by_bus("delete", "--force", name)
    assert "test-" not in booted.systemctl("list-units", "--all", "--plain").stdout


LIMITS = {"memory": {"limit": 64 * MIB}, "cpu": {"quota": 25000, "period": 50000, "shares": 512}, "pids": {"limit": 33}}


def test_a_container_is_a_scope_with_its_limits(oci: ByItsBus) -> None:
    oci.start(linux__resources=LIMITS)
    shown = oci.shown("Slice", "Delegate", "ActiveState", "TasksMax", "CPUQuotaPerSecUSec", "Transient")
    assert shown == {
        "Slice": "system.slice",
        "Delegate": "yes",
        "ActiveState": "active",
        "TasksMax": "33",
        "CPUQuotaPerSecUSec": "500ms",
        "Transient": "yes",
    }
    assert str(64 * MIB) in oci.shown("MemoryMax", "MemoryLimit").values()
    assert oci.limit("pids/pids.max", "pids.max") == "33"
    assert oci.limit("memory/memory.limit_in_bytes", "memory.max") == str(64 * MIB)


def test_its_first_process_is_the_scopes(oci: ByItsBus) -> None:
    oci.start()
    pid = oci.state()["pid"]
    for line in oci.booted.read(f"/proc/{pid}/cgroup").splitlines():
        assert line.endswith(f":/system.slice/{oci.unit}")


def test_inside_a_cgroup_namespace_the_scope_is_the_root(oci: ByItsBus) -> None:
    oci.start()
    said = oci("exec", oci.name, "cat", "/proc/self/cgroup").stdout
    assert {line.split(":", 2)[2] for line in said.splitlines()} == {"/"}


def test_a_second_process_goes_into_the_scope_and_ps_shows_both(oci: ByItsBus) -> None:
    oci.start()
    oci("exec", "--detach", oci.name, "sleep", "1000")
    assert len(json.loads(oci("ps", "--format", "json", oci.name).stdout)) == 2


def test_limits_stay_when_systemd_loads_its_units_again(oci: ByItsBus) -> None:
    denied = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 200, "access": "r"}]
    oci.start(linux__resources={**LIMITS, "devices": denied})
    oci("update", "--pids-limit", "44", "--cpu-quota", "10000", "--memory", "32m", oci.name)
    assert oci.booted.systemctl("daemon-reload").returncode == 0
    assert oci.shown("TasksMax", "CPUQuotaPerSecUSec", "DevicePolicy") == {
        "TasksMax": "44",
        "CPUQuotaPerSecUSec": "200ms",
        "DevicePolicy": "strict",
    }
    assert oci.limit("pids/pids.max", "pids.max") == "44"
    assert oci.limit("memory/memory.limit_in_bytes", "memory.max") == str(32 * MIB)
    assert oci("exec", oci.name, "sh", "-c", "cat /dev/null && ! head -c1 /dev/kmsg 2>&1").returncode == 0


def test_slices_are_nested_and_gone_with_the_last_of_them(oci: ByItsBus) -> None:
    oci.start(linux__cgroupsPath=f"test-deep.slice:test:{oci.name}")
    assert oci.shown("ControlGroup") == {"ControlGroup": f"/test.slice/test-deep.slice/{oci.unit}"}
    oci("delete", "--force", oci.name)
    oci.booted.systemctl("stop", "test.slice")


def test_without_a_path_the_unit_is_named_after_the_container(oci: ByItsBus) -> None:
    oci.start(linux__cgroupsPath="")
    assert oci.booted.shown(f"runtime-oci-{oci.name}.scope", "ActiveState") == {"ActiveState": "active"}


def test_annotations_set_properties(oci: ByItsBus) -> None:
    annotations = {
        "org.systemd.property.TimeoutStopSec": "123",
        "org.systemd.property.CollectMode": "'inactive-or-failed'",
    }
    oci.start(annotations=annotations)
    assert oci.shown("TimeoutStopUSec", "CollectMode") == {
        "TimeoutStopUSec": "2min 3s",
        "CollectMode": "inactive-or-failed",
    }


def test_a_paused_container_is_a_frozen_scope(oci: ByItsBus) -> None:
    oci.start()
    oci("pause", oci.name)
    assert oci.state()["status"] == "paused"
    oci("resume", oci.name)
    assert oci.state()["status"] == "running"


def test_with_the_container_goes_the_unit(oci: ByItsBus) -> None:
    oci.start()
    paths = json.loads(Path(oci.root, oci.name, "state.json").read_text())["cgroups"]
    oci("delete", "--force", oci.name)
    assert oci.shown("LoadState") == {"LoadState": "not-found"}
    assert not [path for path in paths.values() if oci.booted.run("test", "-e", path).returncode == 0]


def test_a_container_that_cannot_start_leaves_no_unit(oci: ByItsBus) -> None:
    bundle = oci.bundle("nosuch", linux__cgroupsPath=f":test:{oci.name}")
    oci("run", "--bundle", bundle, oci.name, status=1)
    assert oci.shown("LoadState") == {"LoadState": "not-found"}


@pytest.mark.parametrize(
    ("path", "said"),
    [("/a/b", "slice:prefix:name"), ("no--slice.slice:a:b", "invalid slice"), (":a:b c", "no name of a unit")],
)
def test_paths_that_are_not_systemds_are_refused(oci: ByItsBus, path: str, said: str) -> None:
    done = oci("run", "--bundle", oci.bundle("true", linux__cgroupsPath=path), oci.name, status=1)
    assert "linux.cgroupsPath" in done.stderr
    assert said in done.stderr


def test_a_property_that_systemd_refuses_is_told_in_its_words(oci: ByItsBus) -> None:
    bundle = oci.bundle(
        "true", linux__cgroupsPath=f":test:{oci.name}", annotations={"org.systemd.property.Nosuch": "1"}
    )
    done = oci("run", "--bundle", bundle, oci.name, status=1)
    assert f"systemd: starting {oci.unit}" in done.stderr
    assert "Nosuch" in done.stderr


def test_a_unit_that_is_there_is_not_taken(oci: ByItsBus) -> None:
    oci.start()
    bundle = oci.bundle("true", linux__cgroupsPath=f":test:{oci.name}")
    done = oci("run", "--bundle", bundle, f"{oci.name}-2", status=1)
    assert f"the unit {oci.unit} exists" in done.stderr
    assert oci.state()["status"] == "running"
