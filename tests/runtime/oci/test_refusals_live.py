"""What is not honoured is refused, by its path in config.json, with nothing left behind."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

IDMAP = [{"containerID": 0, "hostID": 100000, "size": 1}]
BIND = {"destination": "/mnt", "type": "bind", "source": "/tmp", "options": ["bind"]}
NOTIFY = {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "for nobody"}
MOUNT_PATH = [{"type": "mount", "path": "/proc/self/ns/mnt"}]
HOST_CLOCK = {"monotonic": {"secs": 1}}


@pytest.mark.parametrize(
    ("path", "overrides"),
    [
        ("linux.intelRdt.closID", {"linux__intelRdt": {"closID": "../x"}}),
        ("linux.intelRdt.memBwSchema", {"linux__intelRdt": {"memBwSchema": "L3:0=f"}}),
        ("linux.netDevices", {"linux__netDevices": {"eth0": {}}, "linux__namespaces": [{"type": "mount"}]}),
        ("linux.netDevices.eth0.name", {"linux__netDevices": {"eth0": {"name": "a/b"}}}),
        ("linux.netDevices.sixteen-letters!", {"linux__netDevices": {"sixteen-letters!": {}}}),
        ("linux.memoryPolicy.mode", {"linux__memoryPolicy": {"mode": "BIND", "nodes": "0"}}),
        ("linux.memoryPolicy.mode", {"linux__memoryPolicy": {"nodes": "0"}}),
        ("linux.memoryPolicy.flags", {"linux__memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["x"]}}),
        ("linux.memoryPolicy.nodes", {"linux__memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-9876543210"}}),
        ("linux.mountLabel", {"linux__mountLabel": "system_u:object_r:svirt_sandbox_file_t:s0"}),
        ("process.execCPUAffinity.initial", {"process__execCPUAffinity": {"initial": "0,x"}}),
        ("process.execCPUAffinity.final", {"process__execCPUAffinity": {"final": "3-1"}}),
        ("vm", {"vm": {"kernel": {"path": "/x"}}}),
        ("mounts[0]", {"mounts": [{**BIND, "uidMappings": IDMAP}]}),
        ("linux.namespaces", {"linux__namespaces": MOUNT_PATH, "hostname": ""}),
        ("linux.namespaces[0].type", {"linux__namespaces": [{"type": "dream"}]}),
        ("linux.seccomp.listenerMetadata", {"linux__seccomp": NOTIFY}),
        ("linux.sysctl.kernel.panic", {"linux__sysctl": {"kernel.panic": "1"}}),
        ("linux.timeOffsets", {"linux__timeOffsets": HOST_CLOCK}),
        ("linux.personality.domain", {"linux__personality": {"domain": "BSD"}}),
        ("linux.rootfsPropagation", {"linux__rootfsPropagation": "wide"}),
        ("linux.devices[0].type", {"linux__devices": [{"path": "/dev/x", "type": "z"}]}),
        ("hooks.before", {"hooks": {"before": [{"path": "/bin/true"}]}}),
        ("process.rlimits[0].type", {"process__rlimits": [{"type": "RLIMIT_LUCK", "soft": 1, "hard": 1}]}),
        ("process.cwd", {"process__cwd": "here"}),
        ("process.args", {"process__args": []}),
        ("ociVersion", {"ociVersion": "2.0.0"}),
    ],
)
def test_it_is_refused_by_its_path(oci: Oci, path: str, overrides: dict[str, Any]) -> None:
    done = oci("run", "-b", oci.bundle("true", **overrides), oci.name, status=1)
    assert f"config.json: {path}: " in done.stderr
    assert os.listdir(oci.root) == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"ociVersion": "1.2.0"}', '{"root": {"path": "/nonexistent"}}'])
def test_what_is_no_bundle_is_refused(oci: Oci, content: str) -> None:
    folder = oci.bundle("true")
    with open(f"{folder}/config.json", "w", encoding="utf-8") as file:
        file.write(content)
    assert "runtime-oci run failed: " in oci("run", "-b", folder, oci.name, status=1).stderr


def test_a_folder_without_a_bundle_is_refused_in_runcs_words(oci: Oci) -> None:
    done = oci("run", "-b", str(oci.folder), oci.name, status=1)
    assert "JSON specification file config.json not found" in done.stderr


def test_a_host_without_resctrl_is_blamed_for_it(oci: Oci) -> None:
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        if " - resctrl " in mounts.read():
            pytest.skip("this machine has resctrl mounted")
    done = oci.run("true", status=1, linux__intelRdt={"closID": "gold"})
    assert "config.json: linux.intelRdt: " in done.stderr
    assert "resctrl" in done.stderr
    assert os.listdir(oci.root) == []
