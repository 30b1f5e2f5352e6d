"""Attacks on where things are mounted and written: by links in an image, and by somebody who moves its folders while
the container is made. Each on both ways of resolving a path, openat2(2) and the walk."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.oci.attackers import MASKED, altered, swapping
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live

TRIES = 12
DEPTH = 10  # mounts a try


@pytest.fixture(params=["openat2", "walk"])
def either(oci: Oci, request: pytest.FixtureRequest) -> Oci:
    if request.param == "openat2":
        return oci
    if os.uname().machine != "x86_64":
        pytest.skip("the launcher masks calls by x86_64's numbers")
    return altered(oci, MASKED)


def _with(oci: Oci, bundle: str, *mounts: dict[str, Any], without: str = "") -> str:
    file = Path(bundle, "config.json")
    config = json.loads(file.read_text())
    config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != without]
    if without == "/dev":
        config["mounts"] = [mount for mount in config["mounts"] if not mount["destination"].startswith("/dev/")]
    config["mounts"] += mounts
    file.write_text(json.dumps(config))
    return bundle


def _tmpfs(destination: str) -> dict[str, Any]:
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": []}


def test_a_volume_whose_folders_are_exchanged_leads_no_mount_out(either: Oci, tmp_path: Path) -> None:
    """CVE-2021-30465: a mount's place in a volume is a link to the host's root at the right moment."""
    volume, outside = tmp_path / "volume", tmp_path / "outside"
    (volume / "folder").mkdir(parents=True)
    outside.mkdir()
    os.symlink(f"../../../../../../../..{outside}", volume / "link")
    mounts = [_tmpfs(f"/volume/folder/place{number}") for number in range(DEPTH)]
    bind = {"destination": "/volume", "source": str(volume), "options": ["bind"]}
    bundle = _with(either, either.bundle("true"), bind, *mounts)
    with swapping(str(volume / "folder"), str(volume / "link")):
        for _ in range(TRIES):
            either("run", "--bundle", bundle, either.name, status=None)
    assert os.listdir(outside) == []
    # Else nothing was tried: what went through the link went into the container.
    assert os.listdir(either.rootfs + str(outside)) != []


def test_a_proc_that_is_exchanged_is_mounted_and_covered_where_it_was_found_or_not_at_all(either: Oci) -> None:
    """CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-31133."""
    os.symlink("/tmp", f"{either.rootfs}/link")
    script = "for p in /proc /link /tmp; do [ ! -e $p/kcore ] || head -c1 $p/kcore | wc -c; done; sleep 0.01"
    script += "; echo x 2>/dev/null >/proc/sys/kernel/domainname && echo written; true"
    bundle = either.shell(script)
    with swapping(f"{either.rootfs}/proc", f"{either.rootfs}/link"):
        done = [either("run", "--bundle", bundle, either.name, status=None) for _ in range(TRIES)]
    assert {answer.stdout.strip("0\n") for answer in done} == {""}, done
    refused = [answer for answer in done if "link" in answer.stderr or "moved away" in answer.stderr]
    assert refused, "nobody was quick enough: nothing was tried"


@pytest.mark.parametrize("link", ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/etc/passwd"])
def test_a_null_device_that_is_a_link_is_never_taken_for_it(either: Oci, link: str) -> None:
    """CVE-2025-31133: what hides a path is the host's null device, and the image's own must be one."""
    os.symlink(link, f"{either.rootfs}/dev/null")
    bundle = _with(either, either.shell("head -c1 /proc/kcore | wc -c; stat -c %t,%T /proc/kcore"), without="/dev")
    answer = either("run", "--bundle", bundle, either.name, status=1)
    assert "something else has the name of this device" in answer.stderr


@pytest.mark.parametrize("link", ["/proc/1/attr/exec", "/proc/sys/kernel/core_pattern", "/../../../../../../console"])
def test_a_console_that_is_a_link_has_the_terminal_in_the_container(either: Oci, link: str) -> None:
    """CVE-2025-52565: the terminal itself is bound, whatever has the name of its path, and nothing outside is made."""
    os.symlink(link, f"{either.rootfs}/dev/console")
    script = "stat -L -c %t /dev/console; echo x >/proc/sys/kernel/core_pattern"
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    bundle = _with(either, either.shell(script, process__terminal=True), without="/dev")
    devpts = {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["newinstance", "ptmxmode=0666"],
    }
    said = _in_a_terminal(either, _with(either, bundle, devpts))
    assert said.startswith("88\r\n"), said  # 136, a slave's
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before
    assert not os.path.exists("/console")


def _in_a_terminal(oci: Oci, bundle: str) -> str:
    master, slave = pty.openpty()
    try:
        with subprocess.Popen(
            oci.command("run", "--bundle", bundle, oci.name), stdin=slave, stdout=slave, stderr=slave, cwd=os.getcwd()
        ) as process:
            os.close(slave)
            said = b""
            while True:
                try:
                    more = os.read(master, 4096)
                except OSError:  # EIO: nobody has it open any more
                    break
                said += more
            process.wait(30)
    finally:
        os.close(master)
    return said.decode()


def test_what_is_written_to_proc_is_not_written_to_an_images_own(either: Oci) -> None:
    """CVE-2025-52881, CVE-2019-16884: a proc of somebody's making swallows sysctls, or has them written elsewhere."""
    fake = Path(either.rootfs, "fake/sys/net/ipv4")
    fake.mkdir(parents=True)
    (fake / "ip_forward").write_text("0\n")
    bind = {"destination": "/proc", "source": f"{either.rootfs}/fake", "options": ["bind"]}
    real = {"destination": "/real", "type": "proc", "source": "proc", "options": []}
    bundle = either.shell(
        "cat /real/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_forward",
        linux__sysctl={"net.ipv4.ip_forward": "1"},
    )
    bundle = _with(either, bundle, bind, real, without="/proc")
    assert either("run", "--bundle", bundle, either.name).stdout == "1\n0\n"


def test_a_working_folder_that_is_a_link_is_made_in_the_container(either: Oci, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(str(outside), f"{either.rootfs}/link")
    done = either("run", "--bundle", either.shell("pwd", process__cwd="/link/new"), either.name)
    assert done.stdout == f"{outside}/new\n"
    assert os.listdir(outside) == []


def test_a_masked_path_is_the_hosts_null_device_and_cannot_be_written(either: Oci) -> None:
    script = "stat -c %t,%T /proc/keys; cat /proc/keys | wc -c; mount | grep -c ' /proc/keys '"
    assert either.run(script).stdout.split() == ["1,3", "0", "1"]
