from __future__ import annotations

import pytest

from probes import containment
from tests.hosts.model import INITIAL, ROOT_MOUNT, Constructed

INSIDE = {**INITIAL, "/proc/self/ns/pid": "pid:[4026532410]"}


def _host(
    files: dict[str, str] | None = None,
    folders: dict[str, tuple[str, ...]] | None = None,
    links: dict[str, str] | None = None,
    release: str = "6.1.0",
) -> Constructed:
    return Constructed("", release, files=files or {}, folders=folders or {}, links=INITIAL if links is None else links)


@pytest.mark.parametrize(
    ("files", "folders", "name"),
    [
        ({"/proc/1/environ": "PATH=/bin\0container=lxc\0"}, {}, "lxc"),
        ({"/proc/1/environ": "container=oci\0"}, {}, "docker"),
        ({"/proc/1/environ": "container=systemd-nspawn\0"}, {}, "systemd-nspawn"),
        ({}, {"/": (".dockerenv",)}, "docker"),
        ({}, {"/run": (".containerenv",)}, "podman"),
        ({"/run/systemd/container": "podman\n"}, {}, "podman"),
        ({"/proc/1/cgroup": "4:memory:/kubepods/burstable/pod1\n"}, {}, "kubernetes"),
        ({"/proc/1/cgroup": "4:memory:/docker/0123\n"}, {}, "docker"),
        ({}, {"/proc": ("vz",)}, "openvz"),
        ({}, {"/proc": ("bc", "vz")}, ""),
        ({}, {}, ""),
    ],
)
def test_a_container_is_told_by_what_it_leaves(
    files: dict[str, str], folders: dict[str, tuple[str, ...]], name: str
) -> None:
    assert containment.container(_host(files, folders, INSIDE))[0] == name


def test_a_mark_alone_does_not_make_a_container_of_a_machine_with_the_first_namespaces() -> None:
    name, evidence = containment.container(_host(folders={"/": (".dockerenv",)}))
    assert name == ""
    assert "contradicts" in evidence


def test_windows_is_told_by_the_kernels_name() -> None:
    assert containment.container(_host(release="5.15.167-microsoft-standard-WSL2"))[0] == "wsl"


def test_a_root_that_no_mount_is_at_is_a_chroot() -> None:
    mounts = "31 20 0:26 / /proc rw - proc proc rw\n"
    assert containment.chroot(_host({"/proc/self/mountinfo": mounts}))[0]


def test_a_root_that_is_another_mount_than_that_of_process_1_is_a_chroot() -> None:
    files = {"/proc/1/mountinfo": ROOT_MOUNT, "/proc/self/mountinfo": ROOT_MOUNT.replace("20 1", "77 20")}
    assert containment.chroot(_host(files))[0]


def test_a_mount_namespace_of_ones_own_is_no_chroot() -> None:
    files = {"/proc/1/mountinfo": ROOT_MOUNT, "/proc/self/mountinfo": ROOT_MOUNT.replace("20 1", "77 20")}
    links = {**INITIAL, "/proc/self/ns/mnt": "mnt:[4026532999]"}
    assert not containment.chroot(_host(files, links=links))[0]


def test_without_proc_nothing_is_claimed() -> None:
    assert containment.chroot(_host()) == (False, "")


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"/sys/class/dmi/id/sys_vendor": "QEMU\n"}, "qemu"),
        ({"/sys/hypervisor/type": "xen\n"}, "xen"),
        ({"/proc/cpuinfo": "flags\t: fpu hypervisor lahf_lm\n"}, "unknown"),
        ({"/proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, "linux,kvm"),
        ({"/sys/class/dmi/id/sys_vendor": "Dell Inc.\n", "/proc/cpuinfo": "flags\t: fpu\n"}, ""),
    ],
)
def test_a_virtual_machine_is_told_by_its_maker(files: dict[str, str], name: str) -> None:
    assert containment.machine(_host(files))[0] == name
