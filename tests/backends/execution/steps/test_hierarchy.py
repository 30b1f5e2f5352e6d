"""Which cgroup folders a container's are, from the kernel's own lists."""

from __future__ import annotations

from backends.execution.steps.hierarchy import own_folders

HYBRID = """\
34 25 0:29 / /sys/fs/cgroup rw - tmpfs tmpfs rw
35 34 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
36 34 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
37 34 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
38 34 0:33 /docker/x /elsewhere rw - cgroup cgroup rw,memory
"""


def test_a_hybrid_host_has_one_folder_a_hierarchy() -> None:
    membership = "4:memory:/docker/x\n3:cpu,cpuacct:/a\n1:name=systemd:/\n0::/u/v\n"
    assert own_folders(membership, HYBRID) == {
        "cpu,cpuacct": "/sys/fs/cgroup/cpu,cpuacct/a",
        "name=systemd": "/sys/fs/cgroup/systemd",
        "unified": "/sys/fs/cgroup/unified/u/v",
    }


def test_a_v2_host_has_one_folder() -> None:
    mountinfo = "37 34 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    assert own_folders("0::/x.scope\n", mountinfo) == {"unified": "/sys/fs/cgroup/x.scope"}


def test_a_host_without_cgroups_has_none() -> None:
    assert own_folders("", "20 1 0:1 / / rw - ext4 /dev/x rw\n") == {}
