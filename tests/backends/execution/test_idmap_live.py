"""Idmapped mounts: the owners of a volume as the container is to see them."""

from __future__ import annotations

import os
import subprocess
from types import ModuleType
from typing import Any

import pytest

from backends.storage.shift import Owners, namespace

pytestmark = pytest.mark.live

SHIFT = [{"containerID": 0, "hostID": 100000, "size": 65536}]
EXCHANGE = [{"containerID": 0, "hostID": 1, "size": 1}, {"containerID": 1, "hostID": 0, "size": 1}]
OWNERS = "stat -c %u:%g /mnt /mnt/root /mnt/one"


@pytest.fixture
def volume(tmp_path: Any) -> str:
    (tmp_path / "volume").mkdir()
    for name, owner in (("root", 0), ("one", 1)):
        (tmp_path / "volume" / name).touch()
        os.chown(tmp_path / "volume" / name, owner, owner)
    return str(tmp_path / "volume")


def _mount(source: str, *options: str, **more: Any) -> dict[str, Any]:
    return {"destination": "/mnt", "type": "bind", "source": source, "options": list(options), **more}


def _with(bundles: ModuleType, script: str, mount: dict[str, Any], **more: Any) -> dict[str, Any]:
    bundle: dict[str, Any] = bundles.shell(script, **more)
    bundle["mounts"] = [*bundle["mounts"], mount]
    return bundle


def _own(rootfs: str) -> None:
    for folder, _, _ in os.walk(rootfs):
        os.chown(folder, 200000, 200000)


@pytest.mark.parametrize("options", [["bind"], ["bind", "idmap"], ["rbind", "ridmap"], ["rbind", "ro", "nosuid"]])
def test_the_mounts_own_mapping_says_who_owns_its_files(
    run: Any, bundles: ModuleType, volume: str, options: list[str]
) -> None:
    mount = _mount(volume, *options, uidMappings=SHIFT, gidMappings=SHIFT)
    result = run(_with(bundles, OWNERS, mount))
    assert result.stdout.split() == ["100000:100000", "100000:100000", "100001:100001"], result


def test_uids_and_gids_have_mappings_of_their_own(run: Any, bundles: ModuleType, volume: str) -> None:
    result = run(_with(bundles, OWNERS, _mount(volume, "bind", "idmap", uidMappings=EXCHANGE, gidMappings=SHIFT)))
    assert result.stdout.split() == ["1:100000", "1:100000", "0:100001"], result


def test_what_is_made_there_belongs_to_the_mapped_owner_on_the_disk(run: Any, bundles: ModuleType, volume: str) -> None:
    run(_with(bundles, "touch /mnt/new", _mount(volume, "bind", "idmap", uidMappings=EXCHANGE, gidMappings=EXCHANGE)))
    assert os.stat(f"{volume}/new").st_uid == 1


@pytest.mark.parametrize("option", ["idmap", "ridmap"])
def test_without_a_mapping_it_is_that_of_the_containers_user_namespace(
    run: Any, bundles: ModuleType, rootfs: str, volume: str, option: str
) -> None:
    _own(rootfs)
    result = run(bundles.with_user_namespace(_with(bundles, OWNERS, _mount(volume, "rbind", option))))
    assert result.stdout.split() == ["0:0", "0:0", "1:1"], result


def test_a_mapping_of_its_own_is_seen_through_the_user_namespace(
    run: Any, bundles: ModuleType, rootfs: str, volume: str
) -> None:
    _own(rootfs)
    up = [{"containerID": 0, "hostID": 200007, "size": 10}]
    mount = _mount(volume, "bind", uidMappings=up, gidMappings=up)
    result = run(bundles.with_user_namespace(_with(bundles, OWNERS, mount)))
    assert result.stdout.split() == ["7:7", "7:7", "8:8"], result


def test_only_ridmap_maps_what_is_mounted_below(run: Any, bundles: ModuleType, volume: str) -> None:
    os.mkdir(f"{volume}/below")
    subprocess.run(["mount", "-t", "tmpfs", "idmap-test", f"{volume}/below"], check=True)
    try:
        for option, owner in (("idmap", "0"), ("ridmap", "100000")):
            mount = _mount(volume, "rbind", option, uidMappings=SHIFT, gidMappings=SHIFT)
            result = run(_with(bundles, "stat -c %u /mnt/below", mount))
            assert result.stdout.split() == [owner], result
    finally:
        subprocess.run(["umount", f"{volume}/below"], check=True)


def test_nothing_that_is_mounted_there_reaches_the_host(run: Any, bundles: ModuleType, volume: str) -> None:
    os.mkdir(f"{volume}/inner")
    rights = [*bundles.CAPABILITIES, "CAP_SYS_ADMIN"]
    bundle = _with(
        bundles,
        "mount -t tmpfs x /mnt/inner && grep -c /mnt/inner /proc/mounts",
        _mount(volume, "rbind", uidMappings=SHIFT, gidMappings=SHIFT),
        process__capabilities={"bounding": rights, "effective": rights, "permitted": rights},
    )
    assert run(bundle).stdout == "1\n"
    assert not os.path.ismount(f"{volume}/inner")


def test_a_file_can_be_mapped_too(run: Any, bundles: ModuleType, volume: str) -> None:
    mount = _mount(f"{volume}/one", "bind", uidMappings=SHIFT, gidMappings=SHIFT)
    result = run(_with(bundles, "stat -c %u /etc/one", {**mount, "destination": "/etc/one"}))
    assert result.stdout == "100001\n", result


def test_a_file_system_that_cannot_be_mapped_is_named(run: Any, bundles: ModuleType) -> None:
    result = run(_with(bundles, "true", _mount("/proc/sys", "bind", uidMappings=SHIFT, gidMappings=SHIFT)))
    assert result.error == "StepFailed"
    assert "/proc/sys" in result.text
    assert "cannot be idmapped" in result.hint


@pytest.mark.parametrize(
    ("mount", "path"),
    [
        (_mount("/tmp", "bind", "idmap"), "mounts[6]"),
        (_mount("/tmp", "bind", uidMappings=SHIFT), "mounts[6]"),
        ({**_mount("tmpfs", "idmap", uidMappings=SHIFT, gidMappings=SHIFT), "type": "tmpfs"}, "mounts[6]"),
        (
            _mount("/tmp", "bind", uidMappings=[{"containerID": 0, "hostID": 1}], gidMappings=SHIFT),
            "mounts[6].uidMappings[0]",
        ),
    ],
)
def test_what_has_no_meaning_is_refused_by_its_path(
    run: Any, bundles: ModuleType, mount: dict[str, Any], path: str
) -> None:
    result = run(_with(bundles, "true", mount))
    assert result.error == "UnsupportedConfiguration"
    assert f"config.json: {path}: " in result.text


def test_a_kernel_without_it_is_blamed(run: Any, bundles: ModuleType, volume: str) -> None:
    mount = _mount(volume, "bind", uidMappings=SHIFT, gidMappings=SHIFT)
    result = run(_with(bundles, "true", mount), report={"mount.idmap": "absent"})
    assert result.error == "UnsupportedConfiguration"
    assert "config.json: mounts[6]: an idmapped mount cannot be had on this host" in result.text


def test_a_mapped_mount_is_shared_where_that_is_asked_for(
    run: Any, bundles: ModuleType, rootfs: str, volume: str
) -> None:
    _own(rootfs)
    mount = _mount(volume, "bind", "shared", "nodev", uidMappings=SHIFT, gidMappings=SHIFT)
    script = "grep ' /mnt ' /proc/self/mountinfo"
    line = run(bundles.with_user_namespace(_with(bundles, script, mount))).stdout
    assert " shared:" in line
    assert "nodev" in line


def test_without_a_mapping_it_is_that_of_a_user_namespace_by_path(
    run: Any, bundles: ModuleType, rootfs: str, volume: str
) -> None:
    _own(rootfs)
    mapped = [{"containerID": 0, "hostID": 200000, "size": 65536}]
    holder = namespace(Owners(mapped, mapped))
    try:
        bundle = _with(bundles, OWNERS, _mount(volume, "bind", "idmap"))
        bundle["linux"]["namespaces"].append({"type": "user", "path": f"/proc/{os.getpid()}/fd/{holder}"})
        result = run(bundle)
    finally:
        os.close(holder)
    assert result.stdout.split() == ["0:0", "0:0", "1:1"], result
