"""Hosts that nobody had at hand, written down from what is documented of them; run as a program it writes their files.

They go through the same recorder as a real machine, so a file holds every answer that the survey asks for.
"""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))

from probes import recording  # noqa: E402
from probes.host import Outcome  # noqa: E402
from tests.hosts import ages  # noqa: E402
from tests.hosts.model import (  # noqa: E402
    CFS,
    HOME,
    INITIAL,
    LEGACY,
    MODERN,
    MODULES,
    ROOT_MOUNT,
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

HOSTS: dict[str, Constructed] = {
    "rhel-6": Constructed(
        note="CentOS 6.10, 2.6.32-754: no /proc/self/ns; unshare(CLONE_NEWUSER) succeeds and makes nothing "
        "(charliecloud, ch-checkns.c); seccomp(2) absent, dm-thin backported; cgconfig "
        "mounts cgroups under /cgroup.",
        release="2.6.32-754.35.1.el6.x86_64",
        files={
            **root(capabilities="ffffffffffffffff"),
            **v1(("cpuset", "cpu", "cpuacct", "memory", "devices", "freezer", "net_cls", "blkio"), folder="/cgroup"),
            **config("2.6.32-754.35.1.el6.x86_64",
                     "PID_NS UTS_NS IPC_NS NET_NS USER_NS CGROUPS KEYS TMPFS POSIX_MQUEUE CPUSETS CGROUP_SCHED "
                     "CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER BLK_CGROUP CGROUP_MEM_RES_CTLR NET "
                     "DEVPTS_MULTIPLE_INSTANCES",
                     "DM_THIN_PROVISIONING BLK_DEV_LOOP BRIDGE VETH IP_NF_IPTABLES"),
            "/etc/redhat-release": "CentOS release 6.10 (Final)\n",
            "/proc/1/stat": "1 (init) S 0 1 1 0\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders={"/etc": ("init", "inittab", "rc.d", "redhat-release"), "/run": ()},
        links={},
        programs=(*USUAL_PROGRAMS, "initctl", "telinit", "dmsetup", "thin_check"),
        outputs=LEGACY,
        trials={
            "namespace.user": Outcome(False, "", "geteuid()", "still user 65534 after uid_map was written"),
            "namespace.user.nested": refused("ENOENT", "write(/proc/self/uid_map)"),
            "process.keyring": refused("EMLINK", "keyctl(KEYCTL_JOIN_SESSION_KEYRING)"),
            "cgroup.create /cgroup/memory": Outcome(True, detail=f"{V1_FILES['memory']} {SWAP}"),
            "cgroup.create /cgroup/cpu": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
            "namespace": Outcome(True, detail="this kernel does not show the namespace's inode"),
            "namespace cgroup": refused("EINVAL", "unshare(CLONE_NEWCGROUP)"),
            "namespace time": refused("EINVAL", "unshare(CLONE_NEWTIME)"),
            "storage.loop": refused("ENOENT", "open(/dev/loop-control)"),
        },
    ),
    "debian-7": Constructed(
        note="Debian 7 with its 3.2 kernel and aufs; sysvinit; no cgroup is mounted unless an administrator does.",
        release="3.2.0-4-amd64",
        version="#1 SMP Debian 3.2.102-1",
        files={
            **root(),
            **os_release("debian", "7", "Debian GNU/Linux 7 (wheezy)"),
            **config("3.2.0-4-amd64",
                     "PID_NS UTS_NS IPC_NS NET_NS CGROUPS KEYS TMPFS POSIX_MQUEUE CPUSETS CGROUP_SCHED CGROUP_CPUACCT "
                     "CGROUP_DEVICE CGROUP_FREEZER CGROUP_MEM_RES_CTLR NET CFS_BANDWIDTH DEVPTS_MULTIPLE_INSTANCES",
                     "AUFS_FS BTRFS_FS BLK_DEV_LOOP BRIDGE VETH IP_NF_IPTABLES BINFMT_MISC", "USER_NS"),
            "/proc/self/mountinfo": ROOT_MOUNT, "/proc/1/mountinfo": ROOT_MOUNT, "/proc/self/cgroup": "",
            "/proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t1\t1\ncpu\t0\t1\t1\n"
            "cpuacct\t0\t1\t1\nmemory\t0\t1\t0\ndevices\t0\t1\t1\nfreezer\t0\t1\t1\nblkio\t0\t1\t1\n",
            "/proc/1/comm": "init\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders={"/etc": ("inittab",), "/run": ()},
        programs=(*USUAL_PROGRAMS, "telinit"),
        outputs=LEGACY,
        trials={"storage.aufs": Outcome(True), "namespace.user.nested": refused("EINVAL", "unshare(CLONE_NEWUSER)")},
    ),
    "centos-7": Constructed(
        note="CentOS 7.5, 3.10.0-862: user.max_user_namespaces is 0 and user_namespace.enable=1 is not on the command "
        "line; overlay was brought back with several lower layers; xfs with ftype=1.",
        release="3.10.0-862.el7.x86_64",
        magic=0x58465342,
        files={
            **root(),
            **os_release("centos", "7", "CentOS Linux 7 (Core)", "rhel fedora"),
            **v1(("name=systemd", "cpu,cpuacct", "cpuset", "memory", "devices", "freezer", "net_cls,net_prio", "blkio",
                  "pids", "hugetlb", "perf_event")),
            **config("3.10.0-862.el7.x86_64", "", MODULES, "TIME_NS AUFS_FS OVERLAYFS_FS SECURITY_LANDLOCK CGROUP_RDMA "
                     "CGROUP_MISC CGROUP_BPF SECURITY_APPARMOR"),
            **SYSTEMD,
            "/proc/sys/user/max_user_namespaces": "0\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
            "/sys/fs/selinux/enforce": "1",
            "/proc/self/attr/current": "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0",
        },
        folders={**SYSTEMD_FOLDERS, "/sys/fs/selinux": ("enforce",)},
        programs=(*USUAL_PROGRAMS, "newuidmap", "newgidmap", "dmsetup"),
        outputs=LEGACY,
        trials={
            "namespace.user": refused("ENOSPC", "unshare(CLONE_NEWUSER)"),
            "namespace.user.nested": refused("ENOSPC", "unshare(CLONE_NEWUSER)"),
            "storage.overlay": Outcome(True),
            "storage.overlay opaque userxattr": refused("ENOSPC", "unshare(CLONE_NEWUSER)"),
            "seccomp.syscall": Outcome(True),
            "seccomp.filter tsync": Outcome(True),
            "cgroup.create /sys/fs/cgroup/memory": Outcome(True, detail=f"{V1_FILES['memory']} {SWAP}"),
            "cgroup.create /sys/fs/cgroup/cpu,cpuacct": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
        },
    ),
    "ubuntu-14.04": Constructed(
        note="Ubuntu 14.04 with 3.13: aufs, and overlayfs under its old name; upstart; cgroup-lite; AppArmor.",
        release="3.13.0-170-generic",
        version="#220-Ubuntu SMP",
        files={
            **root(),
            **os_release("ubuntu", "14.04", "Ubuntu 14.04.6 LTS", "debian", "trusty"),
            **v1(("cpuset", "cpu", "cpuacct", "memory", "devices", "freezer", "blkio", "perf_event", "hugetlb",
                  "name=systemd")),
            **config("3.13.0-170-generic", "", MODULES.replace("OVERLAY_FS", "AUFS_FS OVERLAYFS_FS"),
                     "OVERLAY_FS TIME_NS SECURITY_LANDLOCK CGROUP_RDMA CGROUP_MISC CGROUP_BPF CGROUP_PIDS"),
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/1/comm": "init\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
        },
        folders={"/etc": ("init",), "/run": ()},
        programs=(*USUAL_PROGRAMS, "initctl", "telinit", "apparmor_parser", "newuidmap", "newgidmap"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.4.21\n"},
        trials={
            "storage.aufs": Outcome(True),
            "storage.overlay.legacy": Outcome(True),
            "cgroup.create /sys/fs/cgroup/memory": Outcome(True, detail=V1_FILES["memory"]),
            "cgroup.create /sys/fs/cgroup/cpu": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
        },
    ),
    "centos-7-user": Constructed(
        note="CentOS 7.9 on a cluster, an ordinary user of a home on Lustre: user.max_user_namespaces is 0, no "
        "subordinate ids; the module system offers proot.",
        release="3.10.0-1160.el7.x86_64",
        euid=1000,
        store=HOME,
        magic=0x0BD00BD0,
        files={
            **user(),
            **os_release("centos", "7", "CentOS Linux 7 (Core)", "rhel fedora"),
            **v1(("name=systemd", "cpu,cpuacct", "cpuset", "memory", "devices", "freezer", "net_cls,net_prio", "blkio",
                  "pids", "hugetlb", "perf_event")),
            **config("3.10.0-1160.el7.x86_64", "", MODULES, "TIME_NS AUFS_FS OVERLAYFS_FS SECURITY_LANDLOCK "
                     "CGROUP_RDMA CGROUP_MISC CGROUP_BPF SECURITY_APPARMOR"),
            **SYSTEMD,
            "/proc/sys/user/max_user_namespaces": "0\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=("ip", "modprobe", "proot"),
        trials={
            "namespace.user": refused("ENOSPC", "unshare(CLONE_NEWUSER)"),
            "namespace.user.nested": refused("ENOSPC", "unshare(CLONE_NEWUSER)"),
            "cgroup.create": refused("EACCES", "mkdir(cgroup)"),
            "seccomp.syscall": Outcome(True),
            "seccomp.filter tsync": Outcome(True),
            "storage.chown": refused("EPERM", "chown()"),
            "storage.whiteout": refused("EPERM", "mknod(c 0:0)"),
            "storage.device_nodes": refused("EPERM", "mknod(c 1:3)"),
            "storage.reflink": refused("EOPNOTSUPP", "ioctl(FICLONE)"),
            "storage.loop": refused("EACCES", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("EACCES", "open(/dev/mapper/control)"),
            "storage.xattr trusted": refused("EPERM", "setxattr(trusted.runtime.trial)"),
            "storage.xattr security": refused("EPERM", "setxattr(security.capability)"),
            "process.rlimits.raise": refused("EPERM", "setrlimit()"),
        },
    ),
    "debian-10-user": Constructed(
        note="Debian 10, 4.19, an ordinary user: kernel.unprivileged_userns_clone is 0, and no subordinate ids.",
        release="4.19.0-27-amd64",
        version="#1 SMP Debian 4.19.316-1",
        euid=1000,
        store=HOME,
        files={
            **user(),
            **os_release("debian", "10", "Debian GNU/Linux 10 (buster)", codename="buster"),
            **v1(("name=systemd", "cpu,cpuacct", "cpuset", "memory", "devices", "freezer", "net_cls,net_prio", "blkio",
                  "pids"), off=("hugetlb",)),
            **SYSTEMD,
            "/proc/sys/kernel/unprivileged_userns_clone": "0\n",
            "/proc/sys/user/max_user_namespaces": "31000\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=("ip", "modprobe", "iptables", "fuse-overlayfs"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.8.2 (nf_tables)\n"},
        trials={
            "namespace.user": refused("EPERM", "unshare(CLONE_NEWUSER)"),
            "namespace.user.nested": refused("EPERM", "unshare(CLONE_NEWUSER)"),
            "cgroup.create": refused("EACCES", "mkdir(cgroup)"),
            "storage.chown": refused("EPERM", "chown()"),
            "storage.whiteout": refused("EPERM", "mknod(c 0:0)"),
            "storage.device_nodes": refused("EPERM", "mknod(c 1:3)"),
            "storage.loop": refused("EACCES", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("EACCES", "open(/dev/mapper/control)"),
            "storage.xattr trusted": refused("EPERM", "setxattr(trusted.runtime.trial)"),
            "storage.xattr security": refused("EPERM", "setxattr(security.capability)"),
            "process.rlimits.raise": refused("EPERM", "setrlimit()"),
        },
    ),
    "ubuntu-24.04-user": Constructed(
        note="Ubuntu 24.04, 6.8, an ordinary user: unshare(CLONE_NEWUSER) succeeds and AppArmor refuses what follows "
        "(nerdctl#2847, mkosi#3266); cgroup v2 with what systemd delegates.",
        release="6.8.0-48-generic",
        version="#48-Ubuntu SMP PREEMPT_DYNAMIC",
        euid=1000,
        store=HOME,
        files={
            **user(),
            **os_release("ubuntu", "24.04", "Ubuntu 24.04.1 LTS", "debian", "noble"),
            **v2("cpu memory pids", "/user.slice/user-1000.slice/user@1000.service/app.slice/vte.scope"),
            **config("6.8.0-48-generic", "", MODULES, "AUFS_FS OVERLAYFS_FS"),
            **SYSTEMD,
            "/sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/self/attr/current": "unconfined\n",
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
            "/proc/sys/user/max_user_namespaces": "63000\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
            "/etc/subuid": "user:100000:65536\n",
            "/etc/subgid": "user:100000:65536\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "nft", "newuidmap", "newgidmap", "apparmor_parser"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.8.10 (nf_tables)\n"},
        trials={
            "namespace.user": refused("EPERM", "write(/proc/self/uid_map)"),
            "namespace.user.nested": refused("EPERM", "write(/proc/self/uid_map)"),
            "cgroup.create": refused("EACCES", "mkdir(cgroup)"),
            "process.clone_into_cgroup": refused("EACCES", "mkdir(cgroup)"),
            "storage.chown": refused("EPERM", "chown()"),
            "storage.device_nodes": refused("EPERM", "mknod(c 1:3)"),
            "storage.loop": refused("EACCES", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("EACCES", "open(/dev/mapper/control)"),
            "storage.xattr trusted": refused("EPERM", "setxattr(trusted.runtime.trial)"),
            "storage.xattr security": refused("EPERM", "setxattr(security.capability)"),
            "process.rlimits.raise": refused("EPERM", "setrlimit()"),
        },
    ),
    "inside-docker": Constructed(
        note="Root in a docker container without extra rights on 5.15: 14 capabilities, its seccomp filter, masked "
        "paths, cgroup v2 mounted read-only, the store on overlay.",
        release="5.15.0-122-generic",
        magic=0x794C7630,
        files={
            **root(seccomp=2, capabilities="00000000a80425fb"),
            **os_release("debian", "12", "Debian GNU/Linux 12 (bookworm)", codename="bookworm"),
            **v2("cpuset cpu io memory hugetlb pids rdma misc"),
            "/proc/1/comm": "bash\n",
            "/proc/self/attr/current": "docker-default (enforce)\n",
            "/sys/module/apparmor/parameters/enabled": "Y\n",
            "/proc/sys/user/max_user_namespaces": "63000\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
        },
        folders={"/": (".dockerenv",), "/run": ()},
        links={**INITIAL, "/proc/self/ns/pid": "pid:[4026532410]", "/proc/self/ns/uts": "uts:[4026532408]",
               "/proc/self/ns/ipc": "ipc:[4026532409]"},
        trials={
            "namespace.user": refused("EPERM", "unshare(CLONE_NEWUSER)"),
            "namespace.user.nested": refused("EPERM", "unshare(CLONE_NEWUSER)"),
            "process.clone3": refused("ENOSYS", "clone3()"),
            "process.clone_into_cgroup": refused("EROFS", "mkdir(cgroup)"),
            "process.keyring": refused("EPERM", "keyctl(KEYCTL_JOIN_SESSION_KEYRING)"),
            "process.rlimits.raise": refused("EPERM", "setrlimit()"),
            "cgroup.create": refused("EROFS", "mkdir(cgroup)"),
            "storage.xattr trusted": refused("EPERM", "setxattr(trusted.runtime.trial)"),
            "storage.loop": refused("ENOENT", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("EPERM", "open(/dev/mapper/control)"),
            "storage.reflink": refused("EOPNOTSUPP", "ioctl(FICLONE)"),
        },
    ),
    "arm64-debian-12": Constructed(
        note="A Raspberry Pi 4 with Debian 12, 6.1: the memory controller is off until cgroup_enable=memory is on the "
        "kernel's command line; 32-bit programs run on the same kernel.",
        release="6.1.0-rpi8-rpi-v8",
        machine="aarch64",
        native=("arm64", "arm"),
        files={
            **root(),
            **os_release("debian", "12", "Debian GNU/Linux 12 (bookworm)", codename="bookworm"),
            **v2("cpuset cpu io pids"),
            "/proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t9\t1\ncpu\t0\t9\t1\n"
            "blkio\t0\t9\t1\nmemory\t0\t9\t0\npids\t0\t9\t1\n",
            **SYSTEMD,
            "/proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\n"
            "CPU architecture: 8\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders=SYSTEMD_FOLDERS,
        programs=(*USUAL_PROGRAMS, "nft"),
        outputs=MODERN,
        trials={"cgroup.create": Outcome(True, detail=f"{V2_FILES} cgroup.kill cgroup.freeze cpu.max pids.max")},
    ),
    "ppc64le-64k": Constructed(
        note="AlmaLinux 9 on POWER9 with 64 KiB pages, 5.14, cgroup v2, xfs with reflinks; an emulator of x86_64 "
        "registered without the flags F and C.",
        release="5.14.0-427.el9.ppc64le",
        machine="ppc64le",
        page_size=65536,
        magic=0x58465342,
        native=("ppc64le", "x86_64"),
        files={
            **root(),
            **os_release("almalinux", "9.4", "AlmaLinux 9.4 (Seafoam Ocelot)", "rhel centos fedora"),
            **v2("cpuset cpu io memory hugetlb pids rdma misc"),
            **SYSTEMD,
            "/proc/cpuinfo": "processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n"
            "revision\t: 2.2 (pvr 004e 1202)\n\ntimebase\t: 512000000\nplatform\t: pSeries\n",
            "/sys/fs/selinux/enforce": "1",
            "/proc/self/attr/current": "unconfined_u:unconfined_r:unconfined_t:s0\0",
            "/proc/sys/user/max_user_namespaces": "30000\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
            "/proc/sys/fs/binfmt_misc/qemu-x86_64": "enabled\ninterpreter /usr/bin/qemu-x86_64\nflags: \noffset 0\n"
            "magic 7f454c4602010100000000000000000002003e00\nmask fffffffffffefe00fffffffffffffffffeffffff\n",
        },
        folders={**SYSTEMD_FOLDERS, "/sys/fs/selinux": ("enforce",),
                 "/proc/sys/fs/binfmt_misc": ("qemu-x86_64", "register", "status")},
        programs=(*USUAL_PROGRAMS, "nft", "newuidmap", "newgidmap"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.8.10 (nf_tables)\n"},
        trials={**v2_trials("cgroup.kill cgroup.freeze"), "storage.reflink": Outcome(True)},
    ),
    "fedora-40": Constructed(
        note="Fedora 40, 6.11, cgroup v2 alone, btrfs, SELinux: everything is there.",
        release="6.11.4-201.fc40.x86_64",
        magic=0x9123683E,
        files={
            **root(),
            **os_release("fedora", "40", "Fedora Linux 40 (Workstation Edition)"),
            **v2("cpuset cpu io memory hugetlb pids rdma misc"),
            **SYSTEMD,
            "/sys/kernel/security/lsm": "lockdown,capability,yama,selinux,bpf,landlock",
            "/sys/fs/selinux/enforce": "1",
            "/proc/self/attr/current": "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023\0",
            "/proc/sys/user/max_user_namespaces": "127000\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
        },
        folders={**SYSTEMD_FOLDERS, "/sys/fs/selinux": ("enforce",)},
        programs=(*USUAL_PROGRAMS, "nft", "newuidmap", "newgidmap", "btrfs", "lxc-start", "lxc-execute", "lxc-attach",
                  "lxc-stop", "lxc-info"),
        outputs={**MODERN, "/usr/sbin/lxc-start --version": "6.0.2\n"},
        trials={
            **v2_trials("cgroup.kill cgroup.freeze"),
            "storage.reflink": Outcome(True),
            "storage.btrfs": Outcome(True),
        },
    ),
    "alpine-openrc": Constructed(
        note="Alpine 3.19 with OpenRC, 6.6, v1 cgroups as OpenRC mounts them; overlay, bridge, veth are modules "
        "that are not loaded.",
        release="6.6.58-0-lts",
        files={
            **root(),
            **os_release("alpine", "3.19.4", "Alpine Linux v3.19"),
            **v1(("cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "pids", "name=openrc")),
            **config("6.6.58-0-lts", "", MODULES, "AUFS_FS OVERLAYFS_FS SECURITY_SELINUX"),
            "/proc/1/comm": "init\n",
            "/proc/sys/net/ipv4/ip_forward": "0\n",
        },
        folders={"/run": ("openrc",), "/etc": ("inittab",)},
        links={**INITIAL, "/proc/1/exe": "/bin/busybox"},
        programs=("modprobe", "ip"),
        trials={
            "storage.overlay": refused("ENODEV", "mount(overlay)"),
            "storage.loop": refused("ENOENT", "open(/dev/loop-control)"),
            "storage.devicemapper": refused("ENODEV", "open(/dev/mapper/control)"),
            "network.veth": refused("EOPNOTSUPP", "netlink(RTM_NEWLINK, veth)"),
            "network.bridge": refused("EOPNOTSUPP", "netlink(RTM_NEWLINK, bridge)"),
            "network.nftables": refused("EINVAL", "netlink(NFT_MSG_GETGEN)"),
            "cgroup.create /sys/fs/cgroup/memory": Outcome(True, detail=f"{V1_FILES['memory']} {SWAP}"),
            "cgroup.create /sys/fs/cgroup/cpu": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
        },
    ),
    "config-that-lies": Constructed(
        note="A vendor's 4.4 whose /boot/config is another build's: it denies overlay, user namespaces and "
        "seccomp, which work, and claims PID namespaces and pids, which do not; openat2 and clone3 were brought back.",
        release="4.4.302-nas",
        files={
            **root(),
            **os_release("nas", "1", "A network storage box"),
            **v1(("cpu,cpuacct", "cpuset", "memory", "devices", "freezer", "blkio")),
            **config("4.4.302-nas", "PID_NS UTS_NS IPC_NS NET_NS CGROUPS CGROUP_PIDS MEMCG KEYS TMPFS", "",
                     "USER_NS SECCOMP_FILTER OVERLAY_FS CPUSETS"),
            "/proc/1/comm": "init\n",
            "/proc/sys/net/ipv4/ip_forward": "1\n",
        },
        folders={"/etc": ("inittab",), "/run": ()},
        programs=("ip", "iptables", "telinit"),
        outputs={"/usr/sbin/iptables --version": "iptables v1.8.3 (legacy)\n"},
        trials={
            "namespace.pid.unshare": refused("EINVAL", "unshare(CLONE_NEWPID)"),
            "namespace.pid.clone": refused("EINVAL", "clone(CLONE_NEWPID)"),
            "process.openat2": Outcome(True),
            "process.clone3": Outcome(True),
            "cgroup.create /sys/fs/cgroup/memory": Outcome(True, detail=V1_FILES["memory"]),
            "cgroup.create /sys/fs/cgroup/cpu,cpuacct": Outcome(True, detail=f"{V1_FILES['cpu']} {CFS}"),
        },
    ),
    **ages.HOSTS,
}  # fmt: skip


def text(name: str) -> str:
    """The content of the file of one constructed host."""
    host = HOSTS[name]
    return recording.dump(recording.record(host, host.store, host.note, recording.CONSTRUCTED))


def main() -> None:
    for name in HOSTS:
        with open(os.path.join(HERE, f"{name}.json"), "w", encoding="utf-8") as file:
            file.write(text(name))


if __name__ == "__main__":
    main()
