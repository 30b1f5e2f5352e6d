"""The names of what a host can do: the catalogue that `runtime doctor` walks and that requirements are written in."""

from __future__ import annotations


class Capability:
    """`title` for a person; `matters` says what a user loses without it."""

    __slots__ = ("matters", "name", "title")

    def __init__(self, name: str, title: str, matters: str) -> None:
        self.name = name
        self.title = title
        self.matters = matters


_LIST = (
    # -------------------------------------------------------------------------------------------- namespaces
    Capability("namespace.mount", "mount namespaces", "a container sees its own mounts only"),
    Capability("namespace.pid", "PID namespaces", "a container sees its own processes only, and dies as a whole"),
    Capability("namespace.pid.unshare", "PID namespaces by unshare(2)", "one of two ways in; Linux 3.8"),
    Capability("namespace.pid.clone", "PID namespaces by clone(2)", "the other way in; every kernel that has them"),
    Capability("namespace.uts", "UTS namespaces", "a host name of its own"),
    Capability("namespace.ipc", "IPC namespaces", "System V IPC and message queues of its own"),
    Capability("namespace.net", "network namespaces", "network interfaces of its own, or none"),
    Capability("namespace.user", "user namespaces", "root inside is nobody outside"),
    Capability("namespace.user.nested", "mounts inside user namespaces", "rootless containers"),
    Capability("namespace.cgroup", "cgroup namespaces", "the host's cgroup tree is hidden"),
    Capability("namespace.time", "time namespaces", "monotonic clocks of its own"),
    Capability("namespace.setns", "entering PID and mount namespaces by setns(2)", "exec into a container; Linux 3.8"),
    # ------------------------------------------------------------------------------------------- processes
    Capability("process.no_new_privs", "no_new_privs", "set-uid programs gain nothing"),
    Capability("process.subreaper", "child subreapers", "orphans stay with the container's monitor"),
    Capability("process.pidfd", "process descriptors", "signals never hit a recycled pid"),
    Capability("process.clone3", "clone3(2)", "newer flags of clone"),
    Capability("process.clone_into_cgroup", "clone into a cgroup", "a container is limited from its first instruction"),
    Capability("process.close_range", "close_range(2)", "quick closing of descriptors"),
    Capability("process.openat2", "openat2(2)", "paths resolved inside a root by the kernel"),
    Capability("process.ambient", "ambient capabilities", "capabilities kept by users other than root"),
    Capability("process.capabilities", "capability sets", "parts of root's power"),
    Capability("process.keyring", "session keyrings", "kernel keys of its own"),
    Capability("process.rlimits.raise", "raising hard limits", "--ulimit above the present hard limit"),
    # ---------------------------------------------------------------------------------------------- mounts
    Capability("mount.bind", "bind mounts", "volumes"),
    Capability("mount.propagation", "mount propagation", "the host does not see a container's mounts"),
    Capability("mount.pivot_root", "pivot_root(2)", "the host's root is out of reach"),
    Capability("mount.move", "moving a mount over the root", "the way where the root is a ramfs"),
    Capability("mount.api", "the mount API of Linux 5.2", "mounts by descriptor, free of path races"),
    Capability("mount.setattr", "mount_setattr(2)", "recursive read-only mounts"),
    Capability("mount.idmap", "idmapped mounts", "volumes whose owners are mapped"),
    Capability("mount.proc", "a proc of its own", "/proc shows the container's processes"),
    Capability("mount.sysfs", "a sysfs of its own", "/sys shows the container's network"),
    Capability("mount.tmpfs", "tmpfs", "/dev, /dev/shm and --tmpfs"),
    Capability("mount.devpts", "a devpts instance of its own", "terminals of its own"),
    Capability("mount.mqueue", "mqueue", "/dev/mqueue"),
    # --------------------------------------------------------------------------------------------- seccomp, LSM
    Capability("seccomp.filter", "seccomp filters", "dangerous system calls are refused"),
    Capability("seccomp.syscall", "seccomp(2)", "flags and actions newer than prctl's"),
    Capability("seccomp.kill_process", "the action KILL_PROCESS", "a violation ends the whole process"),
    Capability("seccomp.log", "the action LOG", "violations in the audit log"),
    Capability("seccomp.notify", "user notification", "a supervisor answers system calls"),
    Capability("seccomp.tsync", "filters for all threads", "SECCOMP_FILTER_FLAG_TSYNC"),
    Capability("lsm.apparmor", "AppArmor", "a container's profile"),
    Capability("lsm.selinux", "SELinux", "a container's label"),
    Capability("lsm.landlock", "Landlock", "file access limited by the process itself"),
    # --------------------------------------------------------------------------------------------- storage
    Capability("storage.overlay", "overlay in the store", "images share layers, containers start at once"),
    Capability("storage.overlay.multiple", "overlay with several lower layers", "images of more than one layer"),
    Capability("storage.overlay.xattr", "overlay's own attributes on this file system", "removed folders stay removed"),
    Capability("storage.overlay.userxattr", "overlay with user attributes", "overlay without root"),
    Capability("storage.overlay.legacy", "Ubuntu's overlayfs of before Linux 3.18", "one lower layer"),
    Capability("storage.aufs", "aufs", "layers on Ubuntu and Debian kernels of the 3.x years"),
    Capability("storage.fuse", "file systems by FUSE", "overlay by a program"),
    Capability("storage.btrfs", "btrfs subvolumes in the store", "layers as snapshots"),
    Capability("storage.devicemapper", "device-mapper thin provisioning", "layers as block snapshots"),
    Capability("storage.loop", "loop devices", "file systems in files"),
    Capability("storage.reflink", "reflinks in the store", "copies that cost nothing"),
    Capability("storage.copy_file_range", "copy_file_range(2)", "copies inside the kernel"),
    Capability("storage.exchange", "exchanging two names in the store", "a layer replaced in one instant"),
    Capability("storage.d_type", "d_type in the store", "overlay tells files from folders"),
    Capability("storage.whiteout", "whiteout devices in the store", "removed files stay removed"),
    Capability("storage.xattr.trusted", "trusted attributes in the store", "overlay's bookkeeping"),
    Capability("storage.xattr.security", "security attributes in the store", "file capabilities (ping, newuidmap)"),
    Capability("storage.xattr.user", "user attributes in the store", "attributes of images"),
    Capability("storage.chown", "changing owners in the store", "files of other users"),
    Capability("storage.owners", "noting owners in the store", "files of other users, for who has no other ids"),
    Capability("storage.device_nodes", "device nodes in the store", "images that ship /dev"),
    # --------------------------------------------------------------------------------------------- cgroups
    Capability("cgroup.v1", "cgroup v1", "limits, one hierarchy a controller"),
    Capability("cgroup.v2", "cgroup v2", "limits, one hierarchy"),
    Capability("cgroup.writable", "cgroups that we may create", "any limit at all"),
    *(
        Capability(f"cgroup.v1.{name}", f"the v1 controller {name}", matters)
        for name, matters in (
            ("cpu", "--cpus, --cpu-shares"), ("cpuacct", "CPU time in stats"), ("cpuset", "--cpuset-cpus"),
            ("memory", "--memory"), ("devices", "access to devices"), ("freezer", "pause"), ("pids", "--pids-limit"),
            ("blkio", "block I/O limits"), ("hugetlb", "huge page limits"), ("net_cls", "network classes"),
            ("net_prio", "network priorities"), ("perf_event", "perf inside"), ("rdma", "RDMA limits"),
            ("misc", "misc limits"), ("systemd", "systemd's own hierarchy"),
        )
    ),
    *(
        Capability(f"cgroup.v2.{name}", f"the v2 controller {name}", matters)
        for name, matters in (
            ("cpu", "--cpus, --cpu-shares"), ("cpuset", "--cpuset-cpus"), ("memory", "--memory"),
            ("pids", "--pids-limit"), ("io", "block I/O limits"), ("hugetlb", "huge page limits"),
            ("rdma", "RDMA limits"), ("misc", "misc limits"),
        )
    ),
    Capability("cgroup.v2.kill", "cgroup.kill", "a whole container is killed at once"),
    Capability("cgroup.v2.freeze", "cgroup.freeze", "pause on v2"),
    Capability("cgroup.v2.devices", "device rules by BPF on v2", "access to devices"),
    Capability("cgroup.swap", "swap accounting", "--memory-swap"),
    Capability("cgroup.cfs", "CFS bandwidth", "--cpus"),
    # --------------------------------------------------------------------------------------------- network
    Capability("network.netlink", "rtnetlink", "setting up interfaces"),
    Capability("network.loopback", "loopback in a new network namespace", "127.0.0.1 inside a container"),
    Capability("network.veth", "veth pairs", "a cable into a container"),
    Capability("network.bridge", "bridges", "containers on one network"),
    Capability("network.nftables", "nftables", "published ports, masquerading"),
    Capability("network.iptables", "iptables", "published ports, masquerading"),
    Capability("network.forward", "IP forwarding", "containers reach the world"),
    # --------------------------------------------------------------------------------------------- emulation
    Capability("emulation.binfmt_misc", "binfmt_misc", "foreign programs by an interpreter"),
    *(
        Capability(f"emulation.{name}", f"running {name} programs", f"images of {name}")
        for name in ("x86_64", "arm", "arm64", "ppc64le", "i386", "riscv64", "s390x")
    ),
    # --------------------------------------------------------------------------------------------- privileges
    Capability("privilege.root", "running as root", "everything but rootless containers"),
    Capability("privilege.sys_admin", "CAP_SYS_ADMIN", "namespaces and mounts"),
    Capability("privilege.sys_chroot", "CAP_SYS_CHROOT", "containers without namespaces"),
    Capability("privilege.unreal", "being an ordinary user", "device nodes cannot be made"),
    Capability("privilege.subid", "subordinate ids", "many users in a rootless container"),
    # --------------------------------------------------------------------------------------------- lxc, init, programs
    Capability("lxc.tools", "the lxc tools", "execution by lxc"),
    Capability("init.system", "the init system", "containers as services"),
    Capability("containment.container", "not inside a container", "everything is ours to set up"),
    Capability("containment.chroot", "not inside a chroot", "user namespaces, pivot_root"),
    Capability("containment.vm", "not inside a virtual machine", "nested virtualisation"),
    *(
        Capability(f"program.{name}", f"the program {name}", matters)
        for name, matters in (
            ("newuidmap", "rootless containers with many users"), ("newgidmap", "rootless containers with many groups"),
            ("fuse-overlayfs", "overlay without root on old kernels"), ("slirp4netns", "network without root"),
            ("pasta", "network without root"), ("proot", "containers without any privilege"),
            ("iptables", "published ports"), ("nft", "published ports"), ("ip", "networks by hand"),
            ("modprobe", "loading kernel modules"), ("criu", "checkpoints"), ("zstd", "zstd layers on old Python"),
            ("dmsetup", "devicemapper storage"), ("thin_check", "devicemapper storage"),
            ("mkfs.ext4", "devicemapper storage"), ("btrfs", "btrfs storage"), ("apparmor_parser", "AppArmor profiles"),
        )
    ),
)  # fmt: skip

CATALOGUE: dict[str, Capability] = {capability.name: capability for capability in _LIST}
