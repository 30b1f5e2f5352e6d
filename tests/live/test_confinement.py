"""What a container may not do, may do when it is said, and what privileged means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live.conftest import Runtime

ATTEMPT = ("@host", "sh", "-c")


def trial(runtime: Runtime, command: str, *flags: str) -> bool:
    """Whether a command succeeds inside."""
    return "done" in runtime.said(*flags, *ATTEMPT, f"({command}) >/dev/null 2>&1 && echo done; true")


def effective(runtime: Runtime, *flags: str) -> int:
    """The set of capabilities inside."""
    said = runtime.said(*flags, "@host", "grep", "CapEff", "/proc/self/status")
    return int(said.split()[1], 16)


MOUNT = "mount -t tmpfs none /mnt"


def test_mounting_takes_a_privileged_container(runtime: Runtime) -> None:
    assert not trial(runtime, MOUNT)
    assert trial(runtime, MOUNT, "--privileged")


def test_a_capability_lets_through_what_the_filter_holds_back_without_it(runtime: Runtime) -> None:
    assert trial(runtime, MOUNT, "--cap-add", "SYS_ADMIN")


def test_a_new_user_namespace_is_held_back_by_the_filter_alone(runtime: Runtime) -> None:
    assert not trial(runtime, "unshare -U true")
    assert trial(runtime, "unshare -U true", "--security-opt", "seccomp=unconfined")


def test_a_filter_is_in_force_and_can_be_left_out(runtime: Runtime) -> None:
    command = ("@host", "grep", "Seccomp:", "/proc/self/status")
    assert runtime.said(*command).split()[1] == "2"
    assert runtime.said("--security-opt", "seccomp=unconfined", *command).split()[1] == "0"
    assert runtime.said("--privileged", *command).split()[1] == "0"


def test_no_new_privileges_is_set_when_asked_for(runtime: Runtime) -> None:
    command = ("@host", "grep", "NoNewPrivs", "/proc/self/status")
    assert runtime.said("--security-opt", "no-new-privileges", *command).split()[1] == "1"
    assert runtime.said(*command).split()[1] == "0"


def test_capabilities_are_dropped_and_added(runtime: Runtime) -> None:
    assert effective(runtime) == 0xA80425FB
    assert effective(runtime, "--cap-drop", "ALL") == 0
    assert effective(runtime, "--cap-drop", "ALL", "--cap-add", "NET_RAW") == 1 << 13
    assert effective(runtime, "--cap-add", "CAP_SYS_PTRACE") == 0xA80425FB | 1 << 19


def test_without_capabilities_root_cannot_change_owners(runtime: Runtime) -> None:
    assert trial(runtime, "touch /x && chown 1 /x")
    assert not trial(runtime, "touch /x && chown 1 /x", "--cap-drop", "CHOWN")


def test_a_devices_use_follows_what_is_given(runtime: Runtime) -> None:
    node = "mknod /node c 1 7 && head -c 1 /node"  # /dev/full by number: always there
    assert trial(runtime, node)
    kernel_log = "mknod /node c 1 11 && head -c 0 /node && cat </dev/null >/node"
    assert not trial(runtime, kernel_log)


def test_a_device_of_the_host_is_lent(runtime: Runtime) -> None:
    if not os.path.exists("/dev/loop-control"):
        pytest.skip("storage.loop: this machine has no /dev/loop-control")
    assert not trial(runtime, "test -e /dev/loop-control")
    assert trial(runtime, "exec 3<>/dev/loop-control", "--device", "/dev/loop-control")
    assert trial(runtime, "exec 3<>/dev/renamed", "--device", "/dev/loop-control:/dev/renamed")
    assert not trial(runtime, "exec 3<>/dev/loop-control", "--device", "/dev/loop-control:/dev/loop-control:r")


def test_what_tells_of_the_host_is_masked(runtime: Runtime) -> None:
    assert runtime.said(*ATTEMPT, "cat /proc/keys /proc/timer_list 2>/dev/null; true") == ""
    assert not trial(runtime, "echo 1 >/proc/sys/vm/drop_caches")
    assert not trial(runtime, "echo x >/sys/kernel/mm/x || mkdir /sys/fs/cgroup/x")


def test_a_profile_of_ones_own_is_kept_to(runtime: Runtime, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": '
        '[{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
    )
    done = runtime(
        "run", "--rm", "--network", "none", "--security-opt", f"seccomp={profile}", "@host", "mkdir", "/x", status=1
    )
    assert "not supported" in done.stderr


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--cap-add", "FLYING"), "FLYING"),
        (("--device", "/dev/nothing-here"), "/dev/nothing-here"),
        (("--security-opt", "seccomp=/nothing/here"), "/nothing/here"),
        (("--security-opt", "magic"), "magic"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(runtime: Runtime, flags: tuple[str, ...], reason: str) -> None:
    assert reason in runtime.refused("run", "--rm", "--network", "none", *flags, "@host", "true")
    assert runtime.names() == set()
