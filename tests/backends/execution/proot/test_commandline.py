"""config.json as proot's command line."""

from __future__ import annotations

from typing import Any

import pytest

from arch import syscalls
from backends.errors import UnsupportedConfiguration
from backends.execution.proot.commandline import binds, identity, placing, refused
from backends.execution.proot.strangers import CALLS


def mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def test_the_hosts_pseudo_file_systems_are_bound_once_and_volumes_after_them() -> None:
    mounts = [
        mount("/proc", "proc", "proc"), mount("/dev", "tmpfs", "tmpfs"), mount("/dev/pts", "devpts", "devpts"),
        mount("/sys", "bind", "/sys", "rbind", "ro"), mount("/data/deep", "bind", "/srv/deep", "rbind"),
        mount("/data", "bind", "/srv", "rbind"),
    ]  # fmt: skip
    assert binds({"mounts": mounts}) == [
        ("/proc", "/proc"), ("/dev", "/dev"), ("/sys", "/sys"), ("/srv", "/data"), ("/srv/deep", "/data/deep"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [mount("/x", "bind", "/y", "ro"), mount("/x", "tmpfs", "tmpfs"), mount("/a:b", "bind", "/y"),
     mount("/elsewhere", "proc", "proc")],
)  # fmt: skip
def test_mounts_that_it_cannot_show_are_refused_by_name(entry: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedConfiguration, match=r"mounts\[0\].*execution by proot"):
        binds({"mounts": [entry]})


@pytest.mark.parametrize(
    ("bundle", "path"),
    [
        ({"linux": {"namespaces": [{"type": "pid"}]}}, "linux.namespaces"),
        ({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}}, "linux.seccomp"),
        ({"root": {"readonly": True}}, "root.readonly"),
        ({"hostname": "name"}, "hostname"),
    ],
)
def test_what_would_be_weaker_in_silence_is_refused(bundle: dict[str, Any], path: str) -> None:
    with pytest.raises(UnsupportedConfiguration, match=path):
        refused(bundle)


def test_users_are_a_seeming() -> None:
    assert identity({"user": {"uid": 0, "gid": 0}, "cwd": "/"}) == ["-0", "-w", "/"]
    assert identity({"user": {"uid": 7, "gid": 8}, "cwd": "/x"}) == ["-i", "7:8", "-w", "/x"]


def test_another_kernel_is_told_by_an_annotation() -> None:
    bundle = {"annotations": {"runtime.kernel-release": "4.19.0"}}
    assert placing(bundle, "/root") == ["-v", "-1", "-r", "/root", "-k", "4.19.0"]


def test_every_call_that_is_kept_from_it_is_one_that_exists() -> None:
    assert [name for name in CALLS if not syscalls.everywhere(name)] == []
