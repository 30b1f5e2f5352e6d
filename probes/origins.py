"""Where each capability comes from: the Linux version that brought it, and the kernel options behind it.

Evidence, never a verdict: vendors backport and patch. Versions from man-pages 5.13 and the kernel's own history.
"""

from __future__ import annotations


class Origin:
    __slots__ = ("module", "options", "since")

    def __init__(self, since: tuple[int, ...] = (), *options: str, module: str = "") -> None:
        self.since = since
        self.options = options
        self.module = module


NOWHERE = Origin()

ORIGINS: dict[str, Origin] = {
    "namespace.mount": Origin((2, 4, 19)),
    "namespace.pid": Origin((2, 6, 24), "PID_NS"),
    "namespace.pid.unshare": Origin((3, 8), "PID_NS"),
    "namespace.pid.clone": Origin((2, 6, 24), "PID_NS"),
    "namespace.uts": Origin((2, 6, 19), "UTS_NS"),
    "namespace.ipc": Origin((2, 6, 19), "IPC_NS"),
    "namespace.net": Origin((2, 6, 29), "NET_NS"),
    "namespace.user": Origin((3, 8), "USER_NS"),
    "namespace.user.nested": Origin((3, 8), "USER_NS"),
    "namespace.cgroup": Origin((4, 6), "CGROUPS"),
    "namespace.time": Origin((5, 6), "TIME_NS"),
    "namespace.setns": Origin((3, 8)),
    "process.no_new_privs": Origin((3, 5)),
    "process.subreaper": Origin((3, 4)),
    "process.pidfd": Origin((5, 3)),
    "process.clone3": Origin((5, 3)),
    "process.clone_into_cgroup": Origin((5, 7), "CGROUPS"),
    "process.close_range": Origin((5, 9)),
    "process.openat2": Origin((5, 6)),
    "process.ambient": Origin((4, 3)),
    "process.capabilities": Origin((2, 6, 25)),
    "process.keyring": Origin((2, 6, 10), "KEYS"),
    "mount.bind": Origin((2, 4)),
    "mount.propagation": Origin((2, 6, 15)),
    "mount.pivot_root": Origin((2, 4)),
    "mount.move": Origin((2, 5, 1)),
    "mount.api": Origin((5, 2)),
    "mount.setattr": Origin((5, 12)),
    "mount.idmap": Origin((5, 12)),
    "mount.tmpfs": Origin((2, 4), "TMPFS"),
    "mount.devpts": Origin((2, 6, 29), "DEVPTS_MULTIPLE_INSTANCES"),
    "mount.mqueue": Origin((2, 6, 6), "POSIX_MQUEUE"),
    "seccomp.filter": Origin((3, 5), "SECCOMP_FILTER"),
    "seccomp.syscall": Origin((3, 17), "SECCOMP_FILTER"),
    "seccomp.kill_process": Origin((4, 14), "SECCOMP_FILTER"),
    "seccomp.log": Origin((4, 14), "SECCOMP_FILTER"),
    "seccomp.notify": Origin((5, 0), "SECCOMP_FILTER"),
    "seccomp.tsync": Origin((3, 17), "SECCOMP_FILTER"),
    "lsm.apparmor": Origin((2, 6, 36), "SECURITY_APPARMOR"),
    "lsm.selinux": Origin((2, 6), "SECURITY_SELINUX"),
    "lsm.landlock": Origin((5, 13), "SECURITY_LANDLOCK"),
    "storage.overlay": Origin((3, 18), "OVERLAY_FS", module="overlay"),
    "storage.overlay.multiple": Origin((4, 0), "OVERLAY_FS", module="overlay"),
    "storage.overlay.xattr": Origin((3, 18), "OVERLAY_FS", module="overlay"),
    "storage.overlay.userxattr": Origin((5, 11), "OVERLAY_FS", module="overlay"),
    "storage.overlay.legacy": Origin((), "OVERLAYFS_FS", module="overlayfs"),
    "storage.fuse": Origin((2, 6, 14), "FUSE_FS", module="fuse"),
    "storage.aufs": Origin((), "AUFS_FS", module="aufs"),
    "storage.btrfs": Origin((2, 6, 29), "BTRFS_FS", module="btrfs"),
    "storage.devicemapper": Origin((3, 2), "DM_THIN_PROVISIONING", module="dm_thin_pool"),
    "storage.loop": Origin((2, 4), "BLK_DEV_LOOP", module="loop"),
    "storage.reflink": Origin((4, 5)),
    "storage.copy_file_range": Origin((4, 5)),
    "storage.exchange": Origin((3, 15)),
    "cgroup.v1": Origin((2, 6, 24), "CGROUPS"),
    "cgroup.v1.cpu": Origin((2, 6, 24), "CGROUP_SCHED"),
    "cgroup.v1.cpuacct": Origin((2, 6, 24), "CGROUP_CPUACCT"),
    "cgroup.v1.cpuset": Origin((2, 6, 24), "CPUSETS"),
    "cgroup.v1.memory": Origin((2, 6, 25), "MEMCG"),
    "cgroup.v1.devices": Origin((2, 6, 26), "CGROUP_DEVICE"),
    "cgroup.v1.freezer": Origin((2, 6, 28), "CGROUP_FREEZER"),
    "cgroup.v1.pids": Origin((4, 3), "CGROUP_PIDS"),
    "cgroup.v1.blkio": Origin((2, 6, 33), "BLK_CGROUP"),
    "cgroup.v1.hugetlb": Origin((3, 5), "CGROUP_HUGETLB"),
    "cgroup.v1.net_cls": Origin((2, 6, 29), "CGROUP_NET_CLASSID"),
    "cgroup.v1.net_prio": Origin((3, 3), "CGROUP_NET_PRIO"),
    "cgroup.v1.perf_event": Origin((2, 6, 39), "CGROUP_PERF"),
    "cgroup.v1.rdma": Origin((4, 11), "CGROUP_RDMA"),
    "cgroup.v1.misc": Origin((5, 13), "CGROUP_MISC"),
    "cgroup.v2": Origin((4, 5), "CGROUPS"),
    "cgroup.v2.cpu": Origin((4, 15), "CGROUP_SCHED"),
    "cgroup.v2.cpuset": Origin((5, 0), "CPUSETS"),
    "cgroup.v2.memory": Origin((4, 5), "MEMCG"),
    "cgroup.v2.pids": Origin((4, 5), "CGROUP_PIDS"),
    "cgroup.v2.io": Origin((4, 5), "BLK_CGROUP"),
    "cgroup.v2.hugetlb": Origin((5, 6), "CGROUP_HUGETLB"),
    "cgroup.v2.rdma": Origin((4, 11), "CGROUP_RDMA"),
    "cgroup.v2.misc": Origin((5, 13), "CGROUP_MISC"),
    "cgroup.v2.kill": Origin((5, 14)),
    "cgroup.v2.freeze": Origin((5, 2)),
    "cgroup.v2.devices": Origin((4, 15), "CGROUP_BPF"),
    "cgroup.swap": Origin((2, 6, 34), "MEMCG_SWAP"),
    "cgroup.cfs": Origin((3, 2), "CFS_BANDWIDTH"),
    "network.netlink": Origin((2, 4), "NET"),
    "network.veth": Origin((2, 6, 24), "VETH", module="veth"),
    "network.bridge": Origin((2, 4), "BRIDGE", module="bridge"),
    "network.nftables": Origin((3, 13), "NF_TABLES", module="nf_tables"),
    "network.iptables": Origin((2, 4), "IP_NF_IPTABLES", module="ip_tables"),
    "emulation.binfmt_misc": Origin((2, 2), "BINFMT_MISC", module="binfmt_misc"),
    "emulation.i386": Origin((), "IA32_EMULATION"),
    "emulation.arm": Origin((), "COMPAT"),
}

# Gone from newer kernels because what they asked for is always there: their absence from a config means nothing then.
OBSOLETE: dict[str, tuple[int, ...]] = {
    "DEVPTS_MULTIPLE_INSTANCES": (4, 7),
    "MEMCG_SWAP": (5, 18),
    "COMPAT": (),
}

# What options were called before: by their present name
FORMER = {
    "MEMCG": "CGROUP_MEM_RES_CTLR",  # until 3.6
    "MEMCG_SWAP": "CGROUP_MEM_RES_CTLR_SWAP",
    "CGROUP_NET_CLASSID": "NET_CLS_CGROUP",  # until 3.14
    "CGROUP_NET_PRIO": "NETPRIO_CGROUP",
}

OPTIONS = frozenset(f"CONFIG_{option}" for origin in ORIGINS.values() for option in origin.options)


def origin(capability: str) -> Origin:
    return ORIGINS.get(capability, NOWHERE)
