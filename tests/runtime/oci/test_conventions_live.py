"""What other runtimes take, and suites of theirs try: options of crun, names, mounts as engines write them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

pytestmark = pytest.mark.live


def test_another_file_than_config_json_is_taken(oci: Oci, tmp_path: Path) -> None:
    bundle = Path(oci.shell("echo elsewhere"))
    other = tmp_path / "other.json"
    os.rename(bundle / "config.json", other)
    assert oci("run", "--bundle", str(bundle), "--config", str(other), oci.name).stdout == "elsewhere\n"
    missing = oci("run", "--bundle", str(bundle), "-f", f"{other}.not", oci.name, status=1)
    assert f"JSON specification file {other}.not not found" in missing.stderr


def test_a_regular_expression_ends_and_deletes_what_it_finds_and_nothing_else(oci: Oci) -> None:
    names = [f"{oci.name}-{end}" for end in ("a1", "a2", "b")]
    for name in names:
        bundle = oci.bundle("sleep", "1000", linux__cgroupsPath=f"/runtime-oci-tests/{name}")
        oci("run", "--detach", "--bundle", bundle, name)
    oci("kill", "--regex", "a[12]$", "KILL")
    oci("delete", "--force", "--regex", "a[12]$")
    assert oci("list", "-q").stdout.split() == names[2:]
    assert json.loads(oci("state", names[2]).stdout)["status"] == "running"
    assert "invalid regular expression" in oci("delete", "--regex", "a[", status=1).stderr


def test_a_bind_mount_is_made_without_what_only_a_file_system_knows_and_that_is_told(oci: Oci, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("content\n")
    mount = {"destination": "/mnt", "source": str(source), "options": ["bind", "mode=755", "ro", "size=1k"]}
    mounts = [*bundles.MOUNTS, mount]
    done = oci.run("cat /mnt/file; touch /mnt/other 2>/dev/null || echo sealed", mounts=mounts)
    assert done.stdout == "content\nsealed\n"
    assert "a bind mount has no mode=755: ignored" in done.stderr
    assert "a bind mount has no size=1k: ignored" in done.stderr


def test_the_host_name_is_no_sysctl(oci: Oci) -> None:
    bundle = oci.bundle("true", linux__sysctl={"kernel.hostname": "other"})
    done = oci("run", "--bundle", bundle, oci.name, status=1)
    assert "linux.sysctl.kernel.hostname: the name of the host is the property hostname" in done.stderr


def test_a_name_that_cannot_be_says_which_character_is_wrong(oci: Oci) -> None:
    done = oci("create", "--bundle", oci.bundle("true"), "this/one", status=1)
    assert "invalid container ID format: invalid character `/` in the ID" in done.stderr


@pytest.mark.parametrize("uid", [0, 1000])
def test_a_filter_may_deny_what_becoming_the_user_takes(oci: Oci, uid: int) -> None:
    """Without no_new_privs it cannot be the last thing of all, and comes as late as it can."""
    denied = ["getcwd", "chdir", "setresuid", "setresgid", "setgroups", "umask", "prlimit64", "dup3"]
    seccomp = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": denied, "action": "SCMP_ACT_ERRNO"}],
    }
    bundle = oci.shell(
        "id -u; cd /tmp 2>/dev/null || echo denied; grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status",
        linux__seccomp=seccomp,
        process__noNewPrivileges=False,
        process__user={"uid": uid, "gid": uid},
    )
    done = oci("run", "--bundle", bundle, oci.name)
    assert done.stdout.split() == [str(uid), "denied", "NoNewPrivs:", "0", "Seccomp:", "2"]
