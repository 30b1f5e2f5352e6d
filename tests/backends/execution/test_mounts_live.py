"""Mounts of config.json, seen from inside; and images that would have them lead out of the container's root."""

from __future__ import annotations

import os
import subprocess
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.live


def _with(bundles: ModuleType, script: str, *mounts: dict[str, Any], **more: Any) -> dict[str, Any]:
    bundle: dict[str, Any] = bundles.shell(script, **more)
    bundle["mounts"] = [*bundle["mounts"], *mounts]
    return bundle


def _bind(source: Any, destination: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": "bind", "source": str(source), "options": ["rbind", *options]}


def _options(mounts: str, place: str) -> set[str]:
    line = [line for line in mounts.splitlines() if line.split(" ")[1] == place][-1]
    return set(line.split(" ")[3].split(","))


def test_a_folder_is_bound_where_no_folder_was(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/file").write_text("content")
    mount = _bind(tmp_path / "volume", "/srv/new/place")
    result = run(_with(bundles, "cat /srv/new/place/file; echo back > /srv/new/place/other", mount))
    assert result.stdout == "content", result
    assert (tmp_path / "volume/other").read_text() == "back\n"


def test_a_file_is_bound_onto_a_new_file(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 x\n")
    assert run(_with(bundles, "cat /etc/hosts", _bind(tmp_path / "hosts", "/etc/hosts"))).stdout == "127.0.0.1 x\n"


def test_a_missing_source_is_named(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    result = run(_with(bundles, "true", _bind(tmp_path / "none", "/x")))
    assert result.error == "StepFailed"
    assert str(tmp_path / "none") in result.text


@pytest.mark.parametrize(
    "option", ["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "nosymfollow"]
)
def test_a_flag_of_a_bind_mount_is_in_force(run: Any, bundles: ModuleType, tmp_path: Any, option: str) -> None:
    result = run(_with(bundles, "cat /proc/self/mounts", _bind(tmp_path, "/mnt", option)))
    assert option in _options(result.stdout, "/mnt"), result


def test_a_read_only_volume_cannot_be_written(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    assert "Read-only" in run(_with(bundles, "touch /mnt/x", _bind(tmp_path, "/mnt", "ro"))).stderr


def test_ro_leaves_mounts_below_writable_and_rro_does_not(run: Any, bundles: ModuleType, tmp_path: Any) -> None:
    outer = {"destination": "/outer", "type": "tmpfs", "source": "tmpfs", "options": []}
    inner = {"destination": "/outer/inner", "type": "tmpfs", "source": "tmpfs", "options": []}
    # A bind mount of the container's own tree: through /proc/self/cwd of the launcher it would be the host's.
    for option, said in (("ro", "0\n"), ("rro", "1\n")):
        source = tmp_path / option
        (source / "below").mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(source / "below")], check=True)
        try:
            mounts = (outer, inner, _bind(source, "/mnt", option))
            result = run(_with(bundles, "touch /mnt/below/x 2> /dev/null; echo $?", *mounts))
        finally:
            subprocess.run(["umount", str(source / "below")], check=True)
        assert result.stdout == said, (option, result)


@pytest.mark.parametrize("name", ["shared", "private", "slave", "rslave", "rshared", "unbindable"])
def test_a_volumes_propagation_is_as_asked(run: Any, bundles: ModuleType, tmp_path: Any, name: str) -> None:
    result = run(_with(bundles, "cat /proc/self/mountinfo", _bind(tmp_path, "/mnt", name)))
    line = next(line for line in result.stdout.splitlines() if line.split(" ")[4] == "/mnt")
    assert ("shared:" in line) == ("shared" in name)
    assert ("unbindable" in line) == (name == "unbindable")


def test_a_tmpfs_takes_its_mode_from_the_folder_below(run: Any, bundles: ModuleType) -> None:
    mount = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["size=1m"]}
    assert run(_with(bundles, "stat -c %a /tmp", mount)).stdout == "1777\n"


def test_a_read_only_tmpfs_may_hold_other_mounts(run: Any, bundles: ModuleType) -> None:
    bundle = bundles.shell("touch /dev/x; echo y > /dev/shm/x && echo ok > /dev/null && echo fine")
    bundle["mounts"][1]["options"].append("ro")
    result = run(bundle)
    assert "Read-only" in result.stderr
    assert result.stdout == "fine\n"


def test_tmpcopyup_copies_the_folder_with_owners_modes_and_links(run: Any, bundles: ModuleType, rootfs: str) -> None:
    os.makedirs(f"{rootfs}/data/inner")
    with open(f"{rootfs}/data/inner/file", "w", encoding="utf-8") as stream:
        stream.write("x" * 5000)
    os.chmod(f"{rootfs}/data/inner/file", 0o640)
    os.chown(f"{rootfs}/data/inner/file", 12, 34)
    os.symlink("/etc/passwd", f"{rootfs}/data/link")
    mount = {"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}
    script = "stat -c '%a %u %g %s' /data/inner/file; readlink /data/link; echo new > /data/added"
    result = run(_with(bundles, script, mount))
    assert result.stdout == "640 12 34 5000\n/etc/passwd\n", result
    assert not os.path.exists(f"{rootfs}/data/added")


def test_cgroups_are_shown_and_read_only(run: Any, bundles: ModuleType) -> None:
    mount = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid"]}
    result = run(
        _with(bundles, "ls -A /sys/fs/cgroup | wc -l; mkdir /sys/fs/cgroup/x; mkdir /sys/fs/cgroup/*/x", mount)
    )
    assert int(result.stdout) > 0
    assert "Read-only" in result.stderr
    assert result.status != 0


def test_the_process_is_in_its_cgroup_and_sees_it_as_the_root(run: Any, bundles: ModuleType) -> None:
    hierarchy = "/sys/fs/cgroup/pids"
    if not os.path.isdir(hierarchy):
        pytest.skip("no v1 hierarchy of pids here")
    folder = f"{hierarchy}/execution-{os.getpid()}"
    os.mkdir(folder)
    try:
        mount = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}
        script = "grep pids: /proc/self/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs"
        result = run(_with(bundles, script, mount), cgroup={"pids": folder})
    finally:
        os.rmdir(folder)
    membership, first = result.stdout.splitlines()[:2]
    assert membership.endswith("pids:/")
    assert first == "1"


def test_the_process_is_begotten_in_its_v2_cgroup(run: Any, bundles: ModuleType) -> None:
    hierarchy = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
    folder = f"{hierarchy}/execution-{os.getpid()}"
    os.mkdir(folder)
    try:
        for way in ([], ["clone3"]):
            result = run(bundles.make_bundle("/bin/cat", "/proc/self/cgroup"), cgroup={"unified": folder}, mask=way)
            assert "0::/" in result.stdout.splitlines(), result
    finally:
        os.rmdir(folder)


# ------------------------------------------------------------------------------------------------ hostile images


@pytest.fixture(params=["openat2", "walk"])
def way(request: pytest.FixtureRequest) -> list[str]:
    """The calls that the kernel is made not to know, so that both ways of resolving paths are tried."""
    if request.param == "openat2":
        return []
    if os.uname().machine != "x86_64":
        pytest.skip("the launcher masks calls by x86_64's numbers")
    return ["openat2", "close_range"]


@pytest.mark.parametrize("link", ["/", "../../../../..", "/proc/1/root", "link2"])
def test_a_links_target_lies_in_the_container(
    run: Any, bundles: ModuleType, rootfs: str, tmp_path: Any, way: list[str], link: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(link, f"{rootfs}/link")
    os.symlink("../../../", f"{rootfs}/link2")
    mount = {"destination": f"/link{outside}/new", "type": "tmpfs", "source": "tmpfs", "options": []}
    run(_with(bundles, "true", mount), mask=way)
    assert os.listdir(outside) == []


def test_a_dangling_link_has_its_target_made_inside(
    run: Any, bundles: ModuleType, rootfs: str, tmp_path: Any, way: list[str]
) -> None:
    os.symlink(f"{tmp_path}/outside/file", f"{rootfs}/etc/resolv.conf")
    (tmp_path / "resolv").write_text("nameserver 1.1.1.1\n")
    result = run(_with(bundles, "cat /etc/resolv.conf", _bind(tmp_path / "resolv", "/etc/resolv.conf")), mask=way)
    assert result.stdout == "nameserver 1.1.1.1\n", result
    assert not os.path.exists(f"{tmp_path}/outside")
    assert os.path.exists(f"{rootfs}{tmp_path}/outside/file")


@pytest.mark.parametrize("place", ["proc", "sys"])
def test_proc_and_sys_must_be_ordinary_folders(
    run: Any, bundles: ModuleType, rootfs: str, way: list[str], place: str
) -> None:
    os.rmdir(f"{rootfs}/{place}")
    os.symlink("/tmp", f"{rootfs}/{place}")
    result = run(bundles.shell("true"), mask=way)
    assert result.error == "StepFailed"
    assert "ordinary directory" in result.text


def test_a_device_folder_that_leads_out_makes_nodes_inside(
    run: Any, bundles: ModuleType, rootfs: str, tmp_path: Any, way: list[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(str(outside), f"{rootfs}/hole")
    device = {"path": "/hole/node", "type": "c", "major": 1, "minor": 3}
    run(bundles.shell("true", linux__devices=[device]), mask=way)
    assert os.listdir(outside) == []


def test_everything_runs_where_newer_calls_are_missing(run: Any, bundles: ModuleType) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the launcher masks calls by x86_64's numbers")
    result = run(bundles.shell("ls /proc/self/fd"), mask=["openat2", "close_range", "pidfd_open", "clone3", "keyctl"])
    assert (result.stdout.split(), result.status) == (["0", "1", "2", "3"], 0), result


def test_the_working_folder_cannot_be_a_leaked_descriptor(run: Any, bundles: ModuleType) -> None:
    leak = os.open("/", os.O_RDONLY)
    try:
        for number in range(3, 12):
            result = run(bundles.shell("ls", process__cwd=f"/proc/self/fd/{number}"), pass_fds=(leak,))
            assert result.error == "StepFailed", result
    finally:
        os.close(leak)
