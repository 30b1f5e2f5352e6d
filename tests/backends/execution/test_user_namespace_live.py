"""Containers whose root is nobody outside."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live

WAYS = {
    "clone": {},
    "unshare": {"namespace.pid.clone": "absent", "namespace.pid.unshare": "present"},
}


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest) -> dict[str, str]:
    return WAYS[request.param]


def _own(rootfs: str, owner: int = 200000) -> None:
    for folder, _, _ in os.walk(rootfs):
        os.chown(folder, owner, owner)


def test_root_inside_is_an_ordinary_user_outside(
    run: Any, bundles: ModuleType, rootfs: str, way: dict[str, str]
) -> None:
    _own(rootfs)
    result = run(bundles.with_user_namespace(bundles.shell("id -u; cat /proc/self/uid_map; touch /made")), report=way)
    assert result.stdout.split() == ["0", "0", "200000", "65536"], result
    assert os.stat(f"{rootfs}/made").st_uid == 200000


def test_devices_are_the_hosts_bound(run: Any, bundles: ModuleType, rootfs: str, way: dict[str, str]) -> None:
    _own(rootfs)
    script = "echo x > /dev/null && head -c 3 /dev/zero | wc -c; stat -c %t:%T /dev/urandom"
    result = run(bundles.with_user_namespace(bundles.shell(script)), report=way)
    assert result.stdout.split() == ["3", "1:9"], result


def test_a_user_inside_is_mapped_too(run: Any, bundles: ModuleType, rootfs: str, way: dict[str, str]) -> None:
    _own(rootfs)
    user = {"uid": 1000, "gid": 1000, "additionalGids": [7]}
    result = run(bundles.with_user_namespace(bundles.shell("id -u; id -G", process__user=user)), report=way)
    assert result.stdout.splitlines() == ["1000", "1000 7"], result


def test_volumes_are_bound_from_folders_that_only_the_hosts_root_enters(
    run: Any, bundles: ModuleType, rootfs: str, tmp_path: Any, way: dict[str, str]
) -> None:
    _own(rootfs)
    (tmp_path / "secret").mkdir(0o700)
    (tmp_path / "secret/volume").mkdir()
    (tmp_path / "secret/volume/file").write_text("content")
    bundle = bundles.with_user_namespace(bundles.shell("cat /mnt/file"))
    bundle["mounts"].append(
        {"destination": "/mnt", "type": "bind", "source": str(tmp_path / "secret/volume"), "options": ["bind", "ro"]}
    )
    assert run(bundle, report=way).stdout == "content"


def test_a_terminal_works_inside(run: Any, bundles: ModuleType, rootfs: str, way: dict[str, str]) -> None:
    _own(rootfs)
    result = run(bundles.with_user_namespace(bundles.shell("tty", process__terminal=True)), report=way)
    assert result.console.split() == ["/dev/pts/0"], result


def test_limits_are_set_by_the_parent(run: Any, bundles: ModuleType, rootfs: str, way: dict[str, str]) -> None:
    _own(rootfs)
    limits = [{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 99}]
    bundle = bundles.with_user_namespace(bundles.shell("ulimit -n", process__rlimits=limits))
    assert run(bundle, report=way).stdout == "99\n"


def test_a_joined_network_namespace_may_be_the_hosts(run: Any, bundles: ModuleType, rootfs: str) -> None:
    _own(rootfs)
    bundle = bundles.make_bundle(
        "/bin/readlink",
        "/proc/self/ns/net",
        linux__namespaces=bundles.namespaces("mount", "pid", "ipc", "uts", network="/proc/self/ns/net"),
    )
    bundle["mounts"] = [mount for mount in bundle["mounts"] if mount["destination"] != "/sys"]
    result = run(bundles.with_user_namespace(bundle))
    assert result.stdout.strip() == os.readlink("/proc/self/ns/net"), result


def test_a_mapping_that_the_kernel_refuses_is_said(run: Any, bundles: ModuleType) -> None:
    bundle = bundles.with_user_namespace(bundles.shell("true"))
    bundle["linux"]["uidMappings"] = [
        {"containerID": 0, "hostID": 1000, "size": 10},
        {"containerID": 5, "hostID": 5000, "size": 10},
    ]
    result = run(bundle)
    assert result.answer["step"].startswith("map users")
    assert not result.answer["children"]


def test_an_ordinary_user_runs_a_container(run: Any, bundles: ModuleType, public_rootfs: str) -> None:
    _own(public_rootfs, 1234)
    bundle = bundles.with_user_namespace(bundles.shell("id -u; id -G; touch /made && echo x > /dev/null && echo $$"))
    for key in ("uidMappings", "gidMappings"):
        bundle["linux"][key] = [{"containerID": 0, "hostID": 1234, "size": 1}]
    bundle["mounts"][2]["options"].remove("gid=5")  # not mapped
    result = run(bundle, root=public_rootfs, user=1234)
    assert result.stdout.splitlines() == ["0", "0", "1"], result
    assert os.stat(f"{public_rootfs}/made").st_uid == 1234
