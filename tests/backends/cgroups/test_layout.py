from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.cgroups.layout import parse, read

V1_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/systemd/agent,name=systemd
"""
V1_OWN = "4:memory:/user.slice\n2:cpu,cpuacct:/\n1:name=systemd:/user.slice/session-1.scope\n"
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"


def test_v1_controllers_are_found_where_they_are_mounted_also_together() -> None:
    layout = parse(V1_MOUNTS, V1_OWN)
    assert layout.v1 == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory",
        "name=systemd": "/sys/fs/cgroup/systemd",
    }
    assert layout.v2 == ""


def test_a_hierarchy_of_two_controllers_is_one_folder() -> None:
    layout = parse(V1_MOUNTS, V1_OWN)
    assert layout.hierarchies(frozenset(["cpuacct", "memory"])) == {
        "cpu,cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory",
    }


def test_v2_alone_is_found() -> None:
    layout = parse(V2_MOUNT, "0::/system.slice/ssh.service\n")
    assert (layout.v1, layout.v2, layout.own) == ({}, "/sys/fs/cgroup", {"unified": "/system.slice/ssh.service"})


def test_both_beside_each_other_are_found() -> None:
    mounts = V1_MOUNTS + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    layout = parse(mounts, V1_OWN + "0::/\n")
    assert (layout.v2, len(layout.v1)) == ("/sys/fs/cgroup/unified", 4)


def test_of_two_mounts_of_one_hierarchy_the_one_that_shows_all_of_it_is_used() -> None:
    mounts = (
        "50 1 0:30 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
        "51 1 0:30 / /sys/fs/cgroup/memory-all rw - cgroup cgroup rw,memory\n"
    )
    assert parse(mounts, "4:memory:/docker/abc\n").v1 == {"memory": "/sys/fs/cgroup/memory-all"}


def test_the_usual_place_outranks_another() -> None:
    mounts = "50 1 0:30 / /mnt/cg rw - cgroup2 none rw\n" + V2_MOUNT
    assert parse(mounts, "0::/\n").v2 == "/sys/fs/cgroup"


def test_a_controller_that_no_hierarchy_holds_for_us_is_no_option() -> None:
    assert parse("33 31 0:30 / /c rw - cgroup cgroup rw,clone_children,noprefix\n", V1_OWN).v1 == {}


def test_spaces_in_a_mount_point_are_read() -> None:
    mounts = "33 31 0:30 / /my\\040cgroups\\134x rw - cgroup cgroup rw,memory\n"
    assert parse(mounts, V1_OWN).v1 == {"memory": "/my cgroups\\x"}


def test_a_kernel_without_cgroups_has_an_empty_layout() -> None:
    layout = parse("", "")
    assert (layout.v1, layout.v2, layout.own) == ({}, "", {})


@given(st.text(alphabet="abc:/,- 01\n=\\cgroup2", max_size=200), st.text(alphabet="abc:/,0\n", max_size=100))
def test_no_text_is_too_strange(mountinfo: str, cgroup: str) -> None:
    layout = parse(mountinfo, cgroup)
    assert set(layout.v1) <= set(layout.own)


def test_this_machines_layout_names_every_hierarchy_that_the_kernel_lists() -> None:
    layout = read()
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        lines = file.read().splitlines()
    names = {name or "unified" for line in lines for name in line.split(":")[1].split(",")}
    assert set(layout.own) == names
