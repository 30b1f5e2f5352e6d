"""More constructed hosts: the distributions of each kernel's years, a user who has what he needs, and lxc inside."""

from __future__ import annotations

from probes.host import Outcome
from tests.hosts.model import (
    CFS,
    HOME,
    INITIAL,
    LEGACY,
    MODERN,
    MODULES,
    SWAP,
    SYSTEMD,
    SYSTEMD_FOLDERS,
    USUAL_PROGRAMS,
    V1_FILES,
    V2_FILES,
    Constructed,
    config,
    os_release,
    refused,
    root,
    user,
    v1,
    v2,
    v2_trials,
)

_V1_TRIALS = {
    "cgroup.create /sys/fs/cgroup/memory": Outcome(True, detail=f"{V1_FILES['memory']} {SWAP}"),
    "cgroup.create /sys/fs/cgroup/cpu,cpuacct": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
}
_DEBIAN_V1 = ("name=systemd", "cpu,cpuacct", "cpuset", "devices", "freezer", "net_cls,net_prio", "blkio", "perf_event")
_V2_MOUNT = "60 20 0:60 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def _hybrid(files: dict[str, str]) -> dict[str, str]:
    """systemd's hybrid: v1 with all controllers, and v2 beside it with none."""
    return {
        **files,
        "/proc/self/mountinfo": files["/proc/self/mountinfo"] + _V2_MOUNT,
        "/proc/1/mountinfo": files["/proc/1/mountinfo"] + _V2_MOUNT,
        "/proc/self/cgroup": files["/proc/self/cgroup"] + "0::/\n",
        "/sys/fs/cgroup/unified/cgroup.controllers": "\n",
        "/sys/fs/cgroup/unified/cgroup.subtree_control": "\n",
    }


HOSTS: dict[str, Constructed] = {
    "debian-8": Constructed(
        note="Debian 8, 3.16: systemd with cgroup v1, the memory controller off until cgroup_enable=memory; aufs as a "
        "module; overlay came with 3.18.",
        release="3.16.0-11-amd64",
        version="#1 SMP Debian 3.16.84-1",
        files={
            **root(),
            **os_release("debian", "8", "Debian GNU/Linux 8 (jessie)"),
            **v1(_DEBIAN_V1, off=("memory",)),
            **config("3.16.0-11-amd64", "", MODULES.replace("OVERLAY_FS", "AUFS_FS"),
                     "OVERLAY_FS OVERLAYFS_FS TIME_NS SECURITY_LANDLOCK CGROUP_RDMA CGROUP_MISC CGROUP_BPF CGROUP_PIDS "
                     "CGROUP_HUGETLB"),
            **SYSTEMD,
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=USUAL_PROGRAMS,
        outputs={"/usr/sbin/iptables --version": "iptables v1.4.21\n"},
        trials={
            "storage.aufs": Outcome(True),
            "cgroup.create /sys/fs/cgroup/cpu,cpuacct": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
        },
    ),
    "ubuntu-16.04": Constructed(
        note="Ubuntu 16.04, 4.4: systemd, cgroup v1, overlay with several lower layers, AppArmor; swap is not "
        "accounted for until swapaccount=1.",
        release="4.4.0-210-generic",
        version="#242-Ubuntu SMP",
        files={
            **root(),
            **os_release("ubuntu", "16.04", "Ubuntu 16.04.7 LTS", "debian", "xenial"),
            **v1((*_DEBIAN_V1, "memory", "hugetlb", "pids")),
            **config("4.4.0-210-generic", "", MODULES, "OVERLAYFS_FS TIME_NS SECURITY_LANDLOCK CGROUP_RDMA CGROUP_MISC "
                     "CGROUP_BPF"),
            **SYSTEMD,
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "apparmor_parser", "newuidmap", "newgidmap"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.6.0\n"},
        trials={**_V1_TRIALS, "cgroup.create /sys/fs/cgroup/memory": Outcome(True, detail=V1_FILES["memory"])},
    ),
    "debian-9": Constructed(
        note="Debian 9, 4.9: systemd, cgroup v1, overlay; the memory controller is on; cgroup namespaces.",
        release="4.9.0-19-amd64",
        version="#1 SMP Debian 4.9.320-2",
        files={
            **root(),
            **os_release("debian", "9", "Debian GNU/Linux 9 (stretch)"),
            **v1((*_DEBIAN_V1, "memory", "pids"), off=("hugetlb",)),
            **config("4.9.0-19-amd64", "", MODULES, "OVERLAYFS_FS TIME_NS SECURITY_LANDLOCK CGROUP_RDMA CGROUP_MISC "
                     "CGROUP_HUGETLB"),
            **SYSTEMD,
            "/proc/sys/kernel/unprivileged_userns_clone": "0\n",
            "/proc/sys/user/max_user_namespaces": "31000\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "newuidmap", "newgidmap"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.6.0\n"},
        trials=_V1_TRIALS,
    ),
    "ubuntu-20.04": Constructed(
        note="Ubuntu 20.04, 5.4: systemd's hybrid layout, v1 with every controller and v2 beside it with none.",
        release="5.4.0-200-generic",
        version="#220-Ubuntu SMP",
        files={
            **root(),
            **os_release("ubuntu", "20.04", "Ubuntu 20.04.6 LTS", "debian", "focal"),
            **_hybrid(v1((*_DEBIAN_V1, "memory", "hugetlb", "pids", "rdma"))),
            **config("5.4.0-200-generic", "", MODULES, "AUFS_FS OVERLAYFS_FS TIME_NS SECURITY_LANDLOCK CGROUP_MISC"),
            **SYSTEMD,
            "/sys/kernel/security/lsm": "lockdown,capability,yama,apparmor",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/sys/user/max_user_namespaces": "63000\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "nft", "apparmor_parser", "newuidmap", "newgidmap"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.8.4 (legacy)\n"},
        trials={
            **_V1_TRIALS,
            "cgroup.create /sys/fs/cgroup/unified": Outcome(True, detail=f"{V2_FILES} cgroup.freeze"),
        },
    ),
    "ubuntu-22.04": Constructed(
        note="Ubuntu 22.04, 5.15: cgroup v2 alone, AppArmor; everything is there but what came after it.",
        release="5.15.0-122-generic",
        version="#132-Ubuntu SMP",
        files={
            **root(),
            **os_release("ubuntu", "22.04", "Ubuntu 22.04.5 LTS", "debian", "jammy"),
            **v2("cpuset cpu io memory hugetlb pids rdma misc"),
            **config("5.15.0-122-generic", "", MODULES, "AUFS_FS OVERLAYFS_FS"),
            **SYSTEMD,
            "/sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/sys/user/max_user_namespaces": "63000\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "nft", "apparmor_parser", "newuidmap", "newgidmap"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.8.7 (nf_tables)\n"},
        trials=v2_trials("cgroup.kill cgroup.freeze"),
    ),
    "debian-12-user": Constructed(
        note="Debian 12, 6.1, an ordinary user in a session of systemd: user namespaces, ids set aside, and a cgroup "
        "of his own with cpu, memory and pids.",
        release="6.1.0-26-amd64",
        version="#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1",
        euid=1000,
        store=HOME,
        files={
            **user(),
            **os_release("debian", "12", "Debian GNU/Linux 12 (bookworm)", codename="bookworm"),
            **v2("cpu memory pids", "/user.slice/user-1000.slice/user@1000.service/app.slice/shell.scope"),
            **config("6.1.0-26-amd64", "", MODULES, "AUFS_FS OVERLAYFS_FS"),
            **SYSTEMD,
            "/sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/sys/kernel/unprivileged_userns_clone": "1\n",
            "/proc/sys/user/max_user_namespaces": "63000\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
            "/etc/subuid": "user:100000:65536\n",
            "/etc/subgid": "user:100000:65536\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "nft", "newuidmap", "newgidmap", "slirp4netns", "fuse-overlayfs"),
        outputs=MODERN,
        trials={
            **v2_trials("cgroup.kill cgroup.freeze"),
            "cgroup.devices": refused("EPERM", "bpf(PROG_LOAD, CGROUP_DEVICE)"),
            "mount.idmap": refused("EPERM", "mount_setattr(MOUNT_ATTR_IDMAP)"),
            "storage.device_nodes": refused("EPERM", "mknod(c 1:3)"),
            "storage.loop": refused("EACCES", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("EACCES", "open(/dev/mapper/control)"),
            "storage.xattr trusted": refused("EPERM", "setxattr(trusted.runtime.trial)"),
            "process.rlimits.raise": refused("EPERM", "setrlimit()"),
        },
    ),
    "inside-lxc": Constructed(
        note="Root in an unprivileged lxc container on 5.10: a user namespace around us, cgroup v1 that is not ours to "
        "write, AppArmor's lxc profile, no device nodes; /proc is masked in part, so that no other can be mounted.",
        release="5.10.0-33-amd64",
        version="#1 SMP Debian 5.10.226-1",
        files={
            **root(seccomp=2),
            **os_release("debian", "11", "Debian GNU/Linux 11 (bullseye)", codename="bullseye"),
            **v1((*_DEBIAN_V1, "memory", "pids")),
            **SYSTEMD,
            "/proc/self/uid_map": "         0     100000      65536\n",
            "/proc/1/environ": "container=lxc\0",
            "/run/systemd/container": "lxc\n",
            "/proc/self/attr/current": "lxc-container-default-cgns (enforce)\n",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/sys/user/max_user_namespaces": "31000\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders={**SYSTEMD_FOLDERS, "/run/systemd": ("system", "container")},
        links={**INITIAL, "/proc/self/ns/pid": "pid:[4026532590]", "/proc/self/ns/uts": "uts:[4026532588]",
               "/proc/self/ns/ipc": "ipc:[4026532589]"},
        programs=("ip", "iptables"),
        outputs=LEGACY,
        trials={
            "cgroup.create": refused("EACCES", "mkdir(cgroup)"),
            "process.clone_into_cgroup": refused("EACCES", "mkdir(cgroup)"),
            "mount.kind proc": refused("EPERM", "mount(proc)"),
            "mount.idmap": refused("ENOSYS", "mount_setattr(MOUNT_ATTR_IDMAP)"),
            "process.keyring": refused("ENOSYS", "keyctl(KEYCTL_JOIN_SESSION_KEYRING)"),
            "process.rlimits.raise": refused("EPERM", "setrlimit()"),
            "storage.overlay": refused("EPERM", "mount(overlay)"),
            "storage.overlay opaque userxattr": refused("EPERM", "mount(overlay)"),
            "storage.whiteout": refused("EPERM", "mknod(c 0:0)"),
            "storage.device_nodes": refused("EPERM", "mknod(c 1:3)"),
            "storage.loop": refused("ENOENT", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("ENOENT", "open(/dev/mapper/control)"),
            "storage.xattr trusted": refused("EPERM", "setxattr(trusted.runtime.trial)"),
        },
    ),
}  # fmt: skip
