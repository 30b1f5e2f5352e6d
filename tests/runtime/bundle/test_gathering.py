from __future__ import annotations

import os

import pytest

from runtime.bundle.gathering import gather, host_nodes, read_identities
from runtime.containers.request import Device, Request
from runtime.errors import InvalidInput, Problem


def test_devices_of_the_host_are_found_by_name() -> None:
    nodes = host_nodes(Request(devices=(Device("/dev/null", "/dev/x"),)))
    assert (nodes["/dev/null"].kind, nodes["/dev/null"].major, nodes["/dev/null"].minor) == ("c", 1, 3)


def test_a_privileged_container_gets_them_all() -> None:
    assert {"/dev/null", "/dev/zero"} <= set(host_nodes(Request(privileged=True)))


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="/dev/not-there"):
        host_nodes(Request(devices=(Device("/dev/not-there", "/dev/x"),)))


def test_users_are_read_inside_the_root(tmp_path: os.PathLike[str]) -> None:
    root = os.fspath(tmp_path)
    os.makedirs(f"{root}/etc")
    with open(f"{root}/etc/passwd", "w") as file:
        file.write("inside:x:1:1::/:\n")
    os.symlink("/etc/passwd", f"{root}/etc/group")  # absolute: it means the root's own
    assert read_identities(root) == ("inside:x:1:1::/:\n", "inside:x:1:1::/:\n")


def test_a_link_out_of_the_root_finds_nothing(tmp_path: os.PathLike[str]) -> None:
    root = os.fspath(tmp_path)
    os.makedirs(f"{root}/etc")
    os.symlink("../../../../../../../../etc/hostname", f"{root}/etc/passwd")
    os.mkfifo(f"{root}/etc/group")
    assert read_identities(root) == ("", "")


def test_a_root_that_is_not_there_is_an_error() -> None:
    with pytest.raises(Problem, match="/not/there"):
        read_identities("/not/there")


def test_a_cgroup_is_below_the_parent_that_was_said() -> None:
    assert gather(Request(cgroup_parent="/a/"), "f" * 64, "x86_64").cgroup == "/a/" + "f" * 64
