"""What runtime-spec demands with MUST, where no other test is about it. docs/oci.md has the list of all."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

MEMORY = Path("/sys/fs/cgroup/memory")


# ------------------------------------------------------------------------------------------------------ runtime.md


@pytest.mark.parametrize("command", ["state", "create", "start", "kill", "delete", "run", "exec", "pause", "resume"])
def test_an_operation_without_the_name_of_a_container_is_an_error(oci: Oci, command: str) -> None:
    assert oci(command, status=None).returncode != 0


def test_an_operation_that_fails_leaves_things_as_if_it_had_not_been_tried(oci: Oci) -> None:
    oci("run", "--detach", "--bundle", oci.bundle("sleep", "1000"), oci.name)
    before = oci.state()
    for words in (["start", oci.name], ["create", "-b", oci.bundle("true"), oci.name], ["delete", oci.name]):
        assert oci(*words, status=1).stderr
    assert oci.state() == before


def test_a_signal_to_a_container_that_has_ended_is_an_error(oci: Oci) -> None:
    oci("run", "--keep", "-b", oci.bundle("true"), oci.name)
    assert "container not running" in oci("kill", oci.name, "TERM", status=1).stderr


def test_an_identifier_is_free_again_after_the_deletion(oci: Oci) -> None:
    for _ in range(2):
        oci("create", "-b", oci.bundle("true"), oci.name)
        oci("delete", "--force", oci.name)


# ------------------------------------------------------------------------------------------------------- config.md


def test_what_the_specification_does_not_know_is_passed_over(oci: Oci) -> None:
    more: dict[str, Any] = {
        "future": {"a": 1},
        "linux__future": [1],
        "process__future": True,
        "annotations": {"org.example.x": "y"},
    }
    assert oci.run("echo here", **more).stdout == "here\n"


@pytest.mark.parametrize("annotations", [{"a": 1}, {"": "a"}, ["a"], {"a": None}])
def test_annotations_are_strings_by_names(oci: Oci, annotations: Any) -> None:
    done = oci.run("true", status=1, annotations=annotations)
    assert "config.json: annotations" in done.stderr


def test_mounts_are_made_in_the_listed_order(oci: Oci, tmp_path: Path) -> None:
    for name in ("below", "above"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / name).touch()
    bind = {"type": "bind", "options": ["bind"]}
    mounts = [
        *bundles.MOUNTS,
        {**bind, "destination": "/mnt/inner", "source": str(tmp_path / "above/inner")},
        {**bind, "destination": "/mnt", "source": str(tmp_path / "below")},
        {**bind, "destination": "/srv", "source": str(tmp_path / "below")},
        {**bind, "destination": "/srv/inner", "source": str(tmp_path / "above/inner")},
    ]
    assert oci.run("ls /mnt/inner /srv/inner", mounts=mounts).stdout.split() == [
        "/mnt/inner:", "below", "/srv/inner:", "above",
    ]  # fmt: skip


def test_the_size_of_a_console_means_nothing_without_a_terminal(oci: Oci) -> None:
    oci.run("true", process__consoleSize={"height": 5, "width": 5})


def test_the_out_of_memory_score_is_left_alone_where_none_is_given(oci: Oci) -> None:
    with open("/proc/self/oom_score_adj", encoding="ascii") as file:
        ours = file.read()
    assert oci.run("cat /proc/self/oom_score_adj").stdout == ours


@pytest.mark.parametrize("name", ["apparmorProfile", "selinuxLabel"])
def test_a_label_that_the_kernel_cannot_give_is_refused_for_exec_too(oci: Oci, name: str) -> None:
    if os.path.exists("/sys/module/apparmor") or os.path.exists("/sys/fs/selinux/enforce"):
        pytest.skip("this kernel has such labels")
    path = f"config.json: process.{name}: "
    assert path in oci.run("true", status=1, **{f"process__{name}": "a:b:c:s0"}).stderr
    oci("run", "--detach", "-b", oci.bundle("sleep", "1000"), oci.name)
    option = "--apparmor" if name == "apparmorProfile" else "--process-label"
    assert path in oci("exec", option, "a:b:c:s0", oci.name, "true", status=255).stderr


# ------------------------------------------------------------------------------------------------- config-linux.md


@pytest.mark.parametrize("kind", ["network", "ipc", "uts", "pid", "cgroup", "time"])
def test_a_file_that_is_no_namespace_of_that_type_is_an_error(oci: Oci, kind: str) -> None:
    other = "uts" if kind != "uts" else "ipc"
    listed = [{"type": "mount"}, {"type": kind, "path": f"/proc/self/ns/{other}"}]
    done = oci.run("true", status=1, linux__namespaces=listed, hostname=None)
    assert "invalid argument" in done.stderr.lower()


def test_a_file_in_the_place_of_a_device_is_an_error(oci: Oci) -> None:
    with open(f"{oci.rootfs}/device", "w", encoding="ascii"):
        device = {"path": "/device", "type": "c", "major": 1, "minor": 3}
        done = oci.run("true", status=1, linux__devices=[device])
    assert "something else has the name of this device: /device" in done.stderr


def test_a_cgroup_that_others_are_in_is_not_taken_and_not_ended(oci: Oci) -> None:
    place = Path(f"/sys/fs/cgroup/pids/runtime-oci-tests/{oci.name}-others")
    if not place.parent.parent.is_dir():
        pytest.skip("no v1 hierarchy of pids")
    place.mkdir(parents=True)
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            (place / "cgroup.procs").write_text(str(other.pid))
            path = f"/runtime-oci-tests/{oci.name}-others"
            done = oci.run("true", status=1, linux__cgroupsPath=path)
            assert "cgroup is not empty" in done.stderr
            assert other.poll() is None
            assert (place / "cgroup.procs").read_text().split() == [str(other.pid)]
        finally:
            other.kill()
            other.wait()
            place.rmdir()


@pytest.mark.skipif(not MEMORY.is_dir(), reason="no v1 hierarchy of memory")
def test_every_property_of_memory_reaches_the_kernel(oci: Oci) -> None:
    memory = {
        "limit": 64 << 20,
        "reservation": 32 << 20,
        "kernelTCP": 16 << 20,
        "kernel": 32 << 20,
        "swappiness": 7,
        "disableOOMKiller": True,
        "useHierarchy": True,
        "checkBeforeUpdate": True,
    }
    bundle = oci.bundle("sleep", "1000", linux__resources={"memory": memory})
    done = oci("run", "--detach", "-b", bundle, oci.name)
    assert "linux.resources.memory.kernel" in done.stderr
    folder = MEMORY / "runtime-oci-tests" / oci.name
    found = {
        name: (folder / f"memory.{name}").read_text().split()
        for name in ("limit_in_bytes", "soft_limit_in_bytes", "kmem.tcp.limit_in_bytes", "swappiness", "use_hierarchy")
    }
    assert found == {
        "limit_in_bytes": [str(64 << 20)],
        "soft_limit_in_bytes": [str(32 << 20)],
        "kmem.tcp.limit_in_bytes": [str(16 << 20)],
        "swappiness": ["7"],
        "use_hierarchy": ["1"],
    }
    assert "oom_kill_disable 1" in (folder / "memory.oom_control").read_text()
    limits = json.dumps({"memory": {"limit": 4096, "checkBeforeUpdate": True}})
    assert "less than" in oci("update", "--resources", "-", oci.name, stdin=limits, status=1).stderr
    assert (folder / "memory.limit_in_bytes").read_text().split() == [str(64 << 20)]


def test_shares_of_caches_are_not_changed_of_who_has_none(oci: Oci) -> None:
    oci("run", "--detach", "-b", oci.bundle("sleep", "1000"), oci.name)
    done = oci("update", "--l3-cache-schema", "L3:0=f", oci.name, status=1)
    assert "linux.intelRdt: the container was created without it" in done.stderr


# ---------------------------------------------------------------------------------------------------- features.md


def test_what_features_lists_is_taken(oci: Oci) -> None:
    known = json.loads(oci("features").stdout)
    for version in (known["ociVersionMin"], known["ociVersionMax"]):
        oci.run("true", ociVersion=version)
    linux = known["linux"]
    assert linux["mountExtensions"]["idmap"]["enabled"]
    assert linux["netDevices"]["enabled"]
    assert linux["intelRdt"] == {"enabled": True, "schemata": True, "monitoring": True}
    assert linux["memoryPolicy"]["modes"][0].startswith("MPOL_")
    assert linux["memoryPolicy"]["flags"][0].startswith("MPOL_F_")
    assert {"idmap", "ridmap", "rro"} <= set(known["mountOptions"])
    assert "SCMP_ACT_NOTIFY" in linux["seccomp"]["actions"]
    rules = [
        {"names": ["kcmp"], "action": action} for action in linux["seccomp"]["actions"] if action != "SCMP_ACT_NOTIFY"
    ]
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "flags": linux["seccomp"]["supportedFlags"], "syscalls": rules[:1]}
    oci.run("true", linux__seccomp={**profile, "architectures": linux["seccomp"]["archs"]})
