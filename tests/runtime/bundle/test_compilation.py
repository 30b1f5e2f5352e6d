"""Whole bundles against golden files; RUNTIME_GOLDEN=write makes them anew, to be looked over before they are kept."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from probes.finding import ABSENT, PRESENT, Finding
from probes.report import HostReport
from runtime.bundle.compilation import compile_bundle
from runtime.bundle.devices import Node
from runtime.bundle.surroundings import IdRange, Surroundings
from runtime.containers.request import Device, Mount, Request, Resources, RestartPolicy, Ulimit
from runtime.errors import InvalidInput, Unsupported

GOLDEN = os.path.join(os.path.dirname(__file__), "golden")
PRESENT_HERE = ("cgroup.v1", "cgroup.swap", "namespace.cgroup", "mount.mqueue", "mount.setattr")

SURROUNDINGS = Surroundings(
    "0123456789abcdef" * 4,
    folder="/var/lib/runtime/containers/0123",
    hostname="metal",
    passwd="root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
    group="root:x:0:\nstaff:x:50:app\n",
    cpus=2,
    nodes={
        "/dev/fuse": Node("c", 10, 229, 0o666),
        "/dev/sda": Node("b", 8, 0, 0o660, gid=6),
        "/dev/null": Node("c", 1, 3, 0o666),
        "/dev/pts/3": Node("c", 136, 3, 0o620),
    },
    volumes={"/data": "/var/lib/runtime/volumes/data/data", "/declared": "/var/lib/runtime/volumes/f00/data"},
    sysctls=("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"),
)
IMAGE = {
    "config": {
        "Entrypoint": ["/entry"],
        "Cmd": ["serve"],
        "Env": ["PATH=/app:/bin", "LANG=C.UTF-8"],
        "User": "app",
        "WorkingDir": "/app",
        "Volumes": {"/declared": {}},
    }
}
OPEN = ("seccomp=unconfined",)  # the default filter has its own tests, and would fill the files


def report(*present: str, absent: tuple[str, ...] = ()) -> HostReport:
    findings = [Finding(name, PRESENT) for name in (*PRESENT_HERE, *present) if name not in absent]
    findings += [Finding(name, ABSENT) for name in absent]
    return HostReport({"architecture": "x86_64"}, {"numbers": "6.1.0"}, {}, findings)


CASES: dict[str, tuple[Request, dict[str, Any], Surroundings]] = {
    "plain": (Request(image="x", command=("true",), security_options=OPEN), {}, SURROUNDINGS),
    "image": (Request(image="x", security_options=OPEN), IMAGE, SURROUNDINGS),
    "full": (
        Request(
            image="x",
            command=("run", "it"),
            entrypoint=("/sh",),
            environment=("A=b=c", "LANG"),
            user="app:staff",
            groups=("7",),
            tty=True,
            console_size=(24, 80),
            working_folder="/w",
            hostname="web",
            domainname="lan",
            mounts=(
                Mount("bind", "/srv", "/srv", read_only=True),
                Mount("bind", "/mnt", "/mnt", options=("rslave",)),
                Mount("volume", "data", "/data"),
                Mount("tmpfs", "", "/run", options=("size=1024", "exec")),
                Mount("tmpfs", "", "/dev/shm"),
            ),
            read_only=True,
            devices=(Device("/dev/fuse", "/dev/fuse", "rw"),),
            device_cgroup_rules=("c 42:* rwm",),
            resources=Resources(memory=512 << 20, nano_cpus=1_500_000_000, cpuset_cpus="0-1", pids_limit=100),
            ulimits=(Ulimit("nofile", 1024, 2048),),
            oom_score_adjustment=500,
            cap_add=("NET_ADMIN",),
            cap_drop=("MKNOD",),
            security_options=(*OPEN, "no-new-privileges"),
            sysctls={"net.core.somaxconn": "1024", "kernel.shmmax": "1"},
            annotations={"a": "b"},
            restart=RestartPolicy("always"),
        ),
        IMAGE,
        SURROUNDINGS,
    ),
    "privileged": (Request(image="x", command=("true",), privileged=True), {}, SURROUNDINGS),
    "host": (
        Request(
            image="x", command=("true",), network="host", pid="host", ipc="host", uts="host", cgroupns="host",
            security_options=OPEN,
        ),
        {},
        SURROUNDINGS,
    ),
    "joined": (
        Request(
            image="x", command=("true",), network="container:a", pid="container:a", ipc="container:a",
            security_options=OPEN,
        ),
        {},
        SURROUNDINGS.replaced(
            namespaces={"network": "/proc/7/ns/net", "pid": "/proc/7/ns/pid", "ipc": "/proc/7/ns/ipc"},
            shm="/run/runtime/containers/a/shm",
        ),
    ),
    "users": (
        Request(image="x", command=("true",), userns="private", security_options=OPEN),
        {},
        SURROUNDINGS.replaced(uid_map=(IdRange(0, 100000, 65536),), gid_map=(IdRange(0, 100000, 65536),)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bundle_is_as_the_golden_file_says(name: str) -> None:
    request, image, surroundings = CASES[name]
    text = json.dumps(compile_bundle(request, image, report(), surroundings), indent=1) + "\n"
    path = os.path.join(GOLDEN, f"{name}.json")
    if os.environ.get("RUNTIME_GOLDEN") == "write":
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        assert json.loads(text) == json.load(file)


def compiled(request: Request, *present: str, absent: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    return compile_bundle(request, {}, report(*present, absent=absent), SURROUNDINGS.replaced(**changes))


def plain(**said: Any) -> Request:
    return Request(**{"image": "x", "command": ("true",), "security_options": OPEN, **said})


def options(bundle: dict[str, Any], target: str) -> list[str]:
    return next(list(mount["options"]) for mount in bundle["mounts"] if mount["destination"] == target)


def test_the_filter_is_on_by_default() -> None:
    seccomp = compiled(Request(image="x", command=("true",)))["linux"]["seccomp"]
    assert seccomp["defaultAction"] == "SCMP_ACT_ERRNO"


def test_a_privileged_container_has_a_filter_if_one_is_named() -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}
    request = plain(privileged=True, security_options=("seccomp=mine.json",), seccomp_profile=profile)
    assert compiled(request)["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ALLOW"


def test_a_profile_that_makes_no_sense_is_refused() -> None:
    request = plain(security_options=("seccomp=mine.json",), seccomp_profile={"syscalls": 3})
    with pytest.raises(InvalidInput, match="seccomp"):
        compiled(request)


def test_an_unprivileged_user_holds_no_capabilities_but_may_gain_the_bounding_ones() -> None:
    capabilities = compiled(plain(user="1000"))["process"]["capabilities"]
    assert capabilities["effective"] == capabilities["permitted"] == []
    assert "CAP_CHOWN" in capabilities["bounding"]


def test_an_unknown_capability_is_refused() -> None:
    with pytest.raises(InvalidInput, match="NET_ADMN"):
        compiled(plain(cap_add=("NET_ADMN",)))


def test_a_read_only_bind_covers_the_mounts_below_where_the_kernel_can() -> None:
    request = plain(mounts=(Mount("bind", "/srv", "/srv", read_only=True),))
    assert options(compiled(request), "/srv") == ["rbind", "rprivate", "ro", "rro"]
    assert options(compiled(request, absent=("mount.setattr",)), "/srv") == ["rbind", "rprivate", "ro"]


def test_one_that_must_cover_them_is_refused_elsewhere() -> None:
    request = plain(mounts=(Mount("bind", "/srv", "/srv", read_only=True, options=("rro",)),))
    with pytest.raises(Unsupported, match="mount_setattr"):
        compiled(request, absent=("mount.setattr",))


def test_a_label_is_refused_where_it_would_matter_and_ignored_where_not() -> None:
    request = plain(mounts=(Mount("bind", "/srv", "/srv", options=("Z",)),))
    assert "Z" not in options(compiled(request, absent=("lsm.selinux",)), "/srv")
    with pytest.raises(Unsupported, match="SELinux"):
        compiled(request, "lsm.selinux")


def test_a_host_without_cgroups_mounts_none() -> None:
    bundle = compiled(plain(), absent=("cgroup.v1", "cgroup.v2"))
    assert not any(mount["destination"] == "/sys/fs/cgroup" for mount in bundle["mounts"])


def test_no_cgroup_namespace_is_asked_of_a_kernel_without_them() -> None:
    bundle = compiled(plain(), absent=("namespace.cgroup",))
    assert {"type": "cgroup"} not in bundle["linux"]["namespaces"]


def test_sysfs_of_a_shared_network_is_bound_in_a_user_namespace() -> None:
    ranges = (IdRange(0, 100000, 65536),)
    bundle = compiled(plain(network="host", userns="private"), uid_map=ranges, gid_map=ranges)
    assert next(mount["type"] for mount in bundle["mounts"] if mount["destination"] == "/sys") == "bind"


def test_outer_folders_are_mounted_before_inner_ones() -> None:
    mounts = (Mount("tmpfs", "", "/a/b/c"), Mount("tmpfs", "", "/a"), Mount("tmpfs", "", "/a/b"))
    targets = [mount["destination"] for mount in compiled(plain(mounts=mounts))["mounts"]]
    assert [target for target in targets if target.startswith("/a")] == ["/a", "/a/b", "/a/b/c"]


@pytest.mark.parametrize(
    "said",
    [
        {"command": ()},
        {"command": ("",)},
        {"command": ("a\0b",)},
        {"working_folder": "relative"},
        {"environment": ("=x",)},
        {"user": "nobody"},
        {"network": "bridged"},
        {"pid": "container:"},
        {"uts": "container:a"},
        {"hostname": "a", "uts": "host"},
        {"userns": "private"},
        {"sysctls": {"vm.swappiness": "1"}},
        {"sysctls": {"net.core.somaxconn": "1"}, "network": "host"},
        {"mounts": (Mount("tmpfs", "", "/a"), Mount("tmpfs", "", "/a"))},
        {"devices": (Device("/dev/nothing", "/dev/nothing"),)},
        {"oom_score_adjustment": 1001},
        {"security_options": ("secomp=unconfined",)},
        {"security_options": ("seccomp",)},
        {"security_options": ("systempaths=hidden",)},
        {"security_options": ("no-new-privileges=perhaps",)},
    ],
)
def test_what_contradicts_itself_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        compiled(plain(**said))


@pytest.mark.parametrize("option", ["apparmor=mine", "label=type:x_t"])
def test_a_label_that_cannot_be_set_is_refused(option: str) -> None:
    with pytest.raises(Unsupported):
        compiled(plain(security_options=(*OPEN, option)), absent=("lsm.apparmor", "lsm.selinux"))


@pytest.mark.parametrize("option", ["apparmor=unconfined", "label=disable", "no-new-privileges:false"])
def test_giving_up_what_is_not_there_is_no_error(option: str) -> None:
    bundle = compiled(plain(security_options=(*OPEN, option)), absent=("lsm.apparmor", "lsm.selinux"))
    assert bundle["process"]["noNewPrivileges"] is False
