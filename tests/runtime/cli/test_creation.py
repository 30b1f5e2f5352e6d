"""From a command line to a request, by both ways of reading it: click's, and the quick one without it."""

from __future__ import annotations

import os
from typing import Any

import click
import pytest

from runtime.cli.command import declared
from runtime.cli.commands import create as create_command
from runtime.cli.commands import run as run_command
from runtime.cli.creation import CREATION
from runtime.cli.declaration import Declaration
from runtime.cli.direct import understand
from runtime.cli.requesting import request
from runtime.containers.request import Device, Mount, Request, Resources, RestartPolicy, Throttle, Ulimit
from runtime.errors import InvalidInput, Unsupported


def parsed(*arguments: str) -> Request:
    """What `run` would ask the engine for."""
    with declared(run_command.command).make_context("run", list(arguments)) as context:
        said: dict[str, Any] = dict(context.params)
        return request(said, said.pop("words"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("debian",),
        ("-it", "--rm", "debian", "sh", "-c", "true"),
        ("-eA=1", "-e", "B=2", "--env=C=3", "--memory", "1g", "debian"),
        ("--no-sig-proxy", "-d", "--", "debian", "-x"),
    ],
)
def test_an_ordinary_line_is_understood_without_click(arguments: tuple[str, ...]) -> None:
    assert understand(("run", *arguments)) is not None
    parsed(*arguments)


@pytest.mark.parametrize("arguments", [("--help",), ("--nonsense", "x"), ("--memory", "lots", "x"), ("--name",)])
def test_what_needs_an_explanation_is_left_to_click(arguments: tuple[str, ...]) -> None:
    assert understand(("run", *arguments)) is None


def test_a_plain_line_asks_for_an_image_and_a_command() -> None:
    assert parsed("debian", "ls", "-l") == Request(image="debian", command=("ls", "-l"))


def test_after_the_image_everything_is_the_programs() -> None:
    assert parsed("debian", "--rm", "-d", "--privileged").command == ("--rm", "-d", "--privileged")


def test_short_flags_may_be_joined() -> None:
    found = parsed("-dit", "debian")
    assert (found.detach, found.interactive, found.tty) == (True, True, True)


def test_every_flag_reaches_the_request(tmp_path: os.PathLike[str]) -> None:
    found = parsed(
        "--name=web", "-e", "A=1", "-w", "/w", "-u", "1:2", "--group-add", "7", "--entrypoint", "/e", "--init",
        "--stop-signal", "INT", "--stop-timeout", "5", "--rm", "--cidfile", "/c", "-l", "a=b", "--annotation", "c=d",
        "--detach-keys", "ctrl-x", "-v", "data:/d:ro", "--mount", "type=bind,src=/a,dst=/b", "--tmpfs", "/t",
        "--volumes-from", "other", "--read-only", "--shm-size", "1m", "--device", "/dev/fuse:/dev/f:r",
        "--device-cgroup-rule", "c 1:3 r", "-m", "512m", "--memory-swap", "-1", "--cpus", "1.5", "--cpuset-cpus", "0",
        "--pids-limit", "9", "--ulimit", "nofile=1:2", "--device-read-bps", "/dev/sda:1k", "--oom-score-adj", "5",
        "--cap-add", "A,B", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pid", "host", "--ipc",
        "host", "--uts", "host", "--cgroupns", "host", "--sysctl", "net.a=1", "--network", "none", "-h", "me",
        "--add-host", "db:1.2.3.4", "--dns", "1.1.1.1", "--platform", "linux/arm64", "--log-opt", "max-size=1m",
        "--require", "seccomp", "--backend", "storage=copy", "debian",
    )  # fmt: skip
    assert found == Request(
        image="debian", name="web", environment=("A=1",), working_folder="/w", user="1:2", groups=("7",),
        entrypoint=("/e",), init=True, stop_signal="INT", stop_timeout=5, auto_remove=True, cidfile="/c",
        labels={"a": "b"}, annotations={"c": "d"}, detach_keys="ctrl-x",
        mounts=(Mount("volume", "data", "/d", True), Mount("bind", "/a", "/b"), Mount("tmpfs", "", "/t")),
        volumes_from=("other",), read_only=True, shm_size=1 << 20, devices=(Device("/dev/fuse", "/dev/f", "r"),),
        device_cgroup_rules=("c 1:3 r",),
        resources=Resources(
            memory=512 << 20, memory_swap=-1, nano_cpus=1_500_000_000, cpuset_cpus="0", pids_limit=9,
            device_read_bps=(Throttle("/dev/sda", 1024),),
        ),
        ulimits=(Ulimit("nofile", 1, 2),), oom_score_adjustment=5, cap_add=("A", "B"), cap_drop=("ALL",),
        security_options=("no-new-privileges",), pid="host", ipc="host", uts="host", cgroupns="host",
        sysctls={"net.a": "1"}, network="none", hostname="me", add_hosts=("db:1.2.3.4",), dns=("1.1.1.1",),
        platform="linux/arm64", log_options={"max-size": "1m"}, require=("seccomp",), backends={"storage": "copy"},
    )  # fmt: skip


def test_an_empty_entrypoint_takes_the_images_away() -> None:
    assert parsed("--entrypoint", "", "debian", "ls").entrypoint == ()


def test_a_folder_in_place_of_an_image_leaves_all_words_to_the_command() -> None:
    found = parsed("--rootfs", "some/folder", "/bin/sh", "-c", "true")
    assert (found.rootfs, found.image) == (os.path.abspath("some/folder"), "")
    assert found.command == ("/bin/sh", "-c", "true")


def test_a_restart_policy_is_split() -> None:
    assert parsed("--restart", "on-failure:3", "debian").restart == RestartPolicy("on-failure", 3)


def test_a_seccomp_profile_is_read_from_its_file(tmp_path: os.PathLike[str]) -> None:
    path = f"{tmp_path}/profile.json"
    with open(path, "w") as file:
        file.write('{"defaultAction": "SCMP_ACT_ALLOW"}')
    assert parsed("--security-opt", f"seccomp={path}", "x").seccomp_profile == {"defaultAction": "SCMP_ACT_ALLOW"}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_profile_that_is_no_json_object_is_refused(tmp_path: os.PathLike[str], content: str) -> None:
    path = f"{tmp_path}/profile.json"
    with open(path, "w") as file:
        file.write(content)
    with pytest.raises(InvalidInput, match="JSON"):
        parsed("--security-opt", f"seccomp={path}", "x")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--rm", "--restart", "always", "x"),
        ("-a", "stdall", "x"),
        ("--memory", "lots", "x"),
        ("--cpus", "many", "x"),
        ("--cpus", "0.0000000001", "x"),
        ("--backend", "magic=wand", "x"),
        ("--label", "=b", "x"),
    ],
)
def test_wrong_values_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        parsed(*arguments)


@pytest.mark.parametrize("arguments", [("-p", "80:80", "x"), ("-P", "x"), ("--gpus", "all", "x"), ("--link", "a", "x")])
def test_what_would_be_a_lie_is_refused_with_its_reason(arguments: tuple[str, ...]) -> None:
    with pytest.raises(Unsupported, match=arguments[0]):
        parsed(*arguments)


@pytest.mark.parametrize("arguments", [("--nonsense", "x"), ("--memory",), ("--stop-timeout", "soon", "x")])
def test_a_wrong_line_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parsed(*arguments)


def test_create_knows_every_flag_of_run_but_those_of_staying() -> None:
    def names(command: Declaration) -> set[str]:
        return {flag.name for flag in command.flags}

    assert names(run_command.command) - names(create_command.command) == {"detach", "sig_proxy"}
    assert {flag.name for flag in CREATION} <= names(create_command.command)
