from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from probes import hierarchies

ROOT = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
V1 = (
    "31 20 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 20 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 20 0:32 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
)
V2 = "40 20 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"


def test_each_controller_has_its_own_place() -> None:
    own = "3:memory:/user/a\n2:cpu,cpuacct:/\n1:name=systemd:/init.scope\n"
    found = hierarchies.parse(ROOT + V1, own, "")
    assert found.v1 == {
        "memory": "/sys/fs/cgroup/memory/user/a",
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "systemd": "/sys/fs/cgroup/systemd/init.scope",
    }
    assert (found.v2_mount, found.style) == ("", "v1")


def test_both_at_once_are_called_hybrid() -> None:
    found = hierarchies.parse(ROOT + V1 + V2, "0::/a\n", "")
    assert (found.style, found.v2_place) == ("hybrid", "/sys/fs/cgroup/unified/a")


def test_v2_alone_is_called_v2_and_nothing_none() -> None:
    assert hierarchies.parse(ROOT + V2, "0::/\n", "").style == "v2"
    assert hierarchies.parse(ROOT, "", "").style == "none"


def test_a_mount_that_shows_a_part_of_the_hierarchy_is_walked_from_there() -> None:
    """As in a container without a cgroup namespace: the mount's root is the container's cgroup."""
    mounts = ROOT + "31 20 0:30 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    assert hierarchies.parse(mounts, "3:memory:/docker/1\n", "").v1["memory"] == "/sys/fs/cgroup/memory"
    assert hierarchies.parse(mounts, "3:memory:/docker/1/x\n", "").v1["memory"] == "/sys/fs/cgroup/memory/x"
    assert hierarchies.parse(mounts, "3:memory:/elsewhere\n", "").v1["memory"] == "/sys/fs/cgroup/memory"


def test_a_place_outside_of_our_namespace_is_the_mount_itself() -> None:
    assert hierarchies.parse(ROOT + V2, "0::/../other\n", "").v2_place == "/sys/fs/cgroup/unified"


def test_controllers_are_enabled_as_proc_says() -> None:
    text = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t1\t0\npids\t2\t9\t1\n"
    assert hierarchies.enabled(text) == {"memory": False, "pids": True}


@given(st.text(), st.text(), st.text())
def test_no_text_is_an_error(mounts: str, own: str, controllers: str) -> None:
    hierarchies.parse(mounts, own, controllers)


@given(st.lists(st.sampled_from(["a", "b", "c.slice"]), max_size=4))
def test_a_place_never_leaves_the_mount(parts: list[str]) -> None:
    own = "/" + "/".join(parts)
    place = hierarchies.parse(ROOT + V2, f"0::{own}\n", "").v2_place
    assert os.path.normpath(place).startswith("/sys/fs/cgroup/unified")
