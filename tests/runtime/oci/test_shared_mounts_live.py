"""A container without a mount namespace of its own inherits ours, as the specification has it; and leaves nothing."""

from __future__ import annotations

import os

import pytest

from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def linux_without(*kinds: str, **more: object) -> dict[str, object]:
    linux = dict(bundles.make_bundle("true")["linux"], **more)
    linux["namespaces"] = [entry for entry in linux["namespaces"] if entry["type"] not in kinds]
    return linux


def mounts() -> str:
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        return stream.read()


def test_it_is_in_our_mount_namespace_with_a_root_of_its_own(oci: Oci) -> None:
    cgroup = f"/runtime-oci-tests/{oci.name}"
    bundle = oci.bundle("sleep", "1000", linux=linux_without("mount", cgroupsPath=cgroup), root={"readonly": True})
    done = oci("create", "--bundle", bundle, oci.name)
    assert "the container's mounts are seen outside" in done.stderr
    pid = oci.state()["pid"]
    assert os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt")
    assert os.readlink(f"/proc/{pid}/root") == f"{oci.root}/{oci.name}/root"
    oci("start", oci.name)
    inside = oci("exec", oci.name, "/bin/sh", "-c", "echo /*; touch /new 2>&1 || true")
    assert inside.stdout.splitlines()[0].split() == sorted(f"/{name}" for name in os.listdir(oci.rootfs))
    assert "Read-only file system" in inside.stdout
    assert f"{oci.root}/{oci.name}/root/proc" in mounts()
    oci("delete", "--force", oci.name)
    assert oci.root not in mounts()
    assert os.listdir(oci.root) == []
    assert os.listdir(oci.rootfs)


def test_a_creation_that_fails_leaves_no_mount(oci: Oci) -> None:
    bundle = oci.bundle("/not/there", linux=linux_without("mount"))
    oci("create", "--bundle", bundle, oci.name, status=1)
    assert oci.root not in mounts()
    assert os.listdir(oci.root) == []


def test_a_user_namespace_without_a_mount_namespace_is_refused(oci: Oci) -> None:
    linux = linux_without("mount", uidMappings=[], gidMappings=[])
    linux["namespaces"].append({"type": "user"})  # type: ignore[attr-defined]
    done = oci("create", "--bundle", oci.bundle("true", linux=linux), oci.name, status=1)
    assert "a user namespace has no right to mount" in done.stderr
