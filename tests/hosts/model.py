"""The model of a host that nobody had at hand: a kernel of some age, and what that host differs in."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field

from probes.host import Host, Outcome, Output, Trial
from probes.origins import OPTIONS

STORE = "/var/lib/runtime"
HOME = "/home/user/.local/share/runtime"

# trial -> (since, errno before, call): what mainline answered before it had it (man-pages 5.13 and kernel sources)
OLDER: dict[str, tuple[tuple[int, ...], str, str]] = {
    "namespace cgroup": ((4, 6), "EINVAL", "unshare(CLONE_NEWCGROUP)"),
    "namespace time": ((5, 6), "EINVAL", "unshare(CLONE_NEWTIME)"),
    "namespace.user": ((3, 8), "EINVAL", "unshare(CLONE_NEWUSER)"),
    "namespace.pid.unshare": ((3, 8), "EINVAL", "unshare(CLONE_NEWPID)"),
    "namespace.setns": ((3, 8), "ENOENT", "open(/proc/PID/ns/mnt)"),
    "process.no_new_privs": ((3, 5), "EINVAL", "prctl(PR_SET_NO_NEW_PRIVS)"),
    "process.subreaper": ((3, 4), "EINVAL", "prctl(PR_SET_CHILD_SUBREAPER)"),
    "process.pidfd": ((5, 3), "ENOSYS", "pidfd_open()"),
    "process.clone3": ((5, 3), "ENOSYS", "clone3()"),
    "process.clone_into_cgroup": ((5, 7), "ENOSYS", "clone3(CLONE_INTO_CGROUP)"),
    "process.close_range": ((5, 9), "ENOSYS", "close_range()"),
    "process.openat2": ((5, 6), "ENOSYS", "openat2()"),
    "process.ambient": ((4, 3), "EINVAL", "prctl(PR_CAP_AMBIENT_RAISE)"),
    "mount.api": ((5, 2), "ENOSYS", "fsopen(tmpfs)"),
    "mount.setattr": ((5, 12), "ENOSYS", "mount_setattr(AT_RECURSIVE, RDONLY)"),
    "mount.idmap": ((5, 12), "ENOSYS", "mount_setattr(MOUNT_ATTR_IDMAP)"),
    "seccomp.filter": ((3, 5), "EINVAL", "prctl(PR_SET_NO_NEW_PRIVS)"),
    "seccomp.filter listener": ((5, 0), "EINVAL", "seccomp(FILTER, LISTENER)"),
    "seccomp.filter tsync": ((3, 17), "ENOSYS", "seccomp(FILTER, TSYNC)"),
    "seccomp.syscall": ((3, 17), "ENOSYS", "seccomp()"),
    "seccomp.action": ((4, 14), "EINVAL", "seccomp(GET_ACTION_AVAIL)"),
    "lsm.landlock": ((5, 13), "ENOSYS", "landlock_create_ruleset(VERSION)"),
    "storage.overlay": ((3, 18), "ENODEV", "mount(overlay)"),
    "storage.overlay opaque userxattr": ((5, 11), "EINVAL", "mount(overlay)"),
    "storage.copy_file_range": ((4, 5), "ENOSYS", "copy_file_range()"),
    "storage.exchange": ((3, 15), "ENOSYS", "renameat2(RENAME_EXCHANGE)"),
    "cgroup.devices": ((4, 15), "EINVAL", "bpf(PROG_LOAD, CGROUP_DEVICE)"),
    "network.nftables": ((3, 13), "EINVAL", "netlink(NFT_MSG_GETGEN)"),
}

# What nearly no host has: the answers where nothing else is said.
USUAL: dict[str, Outcome] = {
    "storage.overlay.legacy": Outcome(False, "ENODEV", "mount(overlayfs)"),
    "storage.aufs": Outcome(False, "ENODEV", "mount(aufs)"),
    "storage.fuse": Outcome(True),
    "storage.btrfs": Outcome(False, "ENOTTY", "ioctl(BTRFS_IOC_SUBVOL_CREATE)"),
    "storage.reflink": Outcome(False, "EOPNOTSUPP", "ioctl(FICLONE)"),
    "process.rlimits.raise": Outcome(True, detail="hard limit raised to 8192"),
    "emulation.run": Outcome(False, "ENOEXEC", "execve()"),
}

V1_FILES = {
    "memory": "cgroup.procs memory.limit_in_bytes memory.oom_control memory.usage_in_bytes tasks",
    "cpu": "cgroup.procs cpu.shares cpu.stat tasks",
}
SWAP, CFS = "memory.memsw.limit_in_bytes", "cpu.cfs_quota_us"
V2_FILES = "cgroup.controllers cgroup.events cgroup.procs cgroup.stat cgroup.subtree_control"
ROOT_STATUS = "CapInh:\t0000000000000000\nCapPrm:\t{0}\nCapEff:\t{0}\nCapBnd:\t{0}\n"
ALL = "000001ffffffffff"
INITIAL = {
    "/proc/self/ns/pid": "pid:[4026531836]",
    "/proc/self/ns/uts": "uts:[4026531838]",
    "/proc/self/ns/ipc": "ipc:[4026531839]",
    "/proc/self/ns/mnt": "mnt:[4026531840]",
    "/proc/1/ns/mnt": "mnt:[4026531840]",
}
ROOT_MOUNT = "20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
EVERY_ID = "         0          0 4294967295\n"

SYSTEMD = {"/proc/1/comm": "systemd\n"}
SYSTEMD_FOLDERS: dict[str, tuple[str, ...]] = {"/run/systemd": ("system",), "/run": ("systemd",)}
# What a distribution builds as modules
MODULES = (
    "OVERLAY_FS BTRFS_FS DM_THIN_PROVISIONING BLK_DEV_LOOP BRIDGE VETH NF_TABLES IP_NF_IPTABLES BINFMT_MISC"  # no AUFS
)
USUAL_PROGRAMS = ("ip", "modprobe", "iptables", "mkfs.ext4")
LEGACY = {"/usr/sbin/iptables --version": "iptables v1.4.7\n"}
MODERN = {"/usr/sbin/iptables --version": "iptables v1.8.9 (nf_tables)\n"}


def refused(number: str, call: str) -> Outcome:
    return Outcome(False, number, call)


@dataclass
class Constructed(Host):
    """Missing files are ENOENT, missing programs None, and trials succeed unless the kernel is too old for them or
    something else is said. Trials are looked up by their whole key, then by ever shorter beginnings of it."""

    note: str
    release: str
    machine: str = "x86_64"
    version: str = "#1 SMP"
    euid: int = 0
    page_size: int = 4096
    magic: int = 0xEF53
    store: str = STORE
    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=lambda: dict(INITIAL))
    programs: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)
    trials: dict[str, Outcome] = field(default_factory=dict)
    native: tuple[str, ...] = ("x86_64", "i386")

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.release.split("-")[0].split(".")[:2])

    def read(self, path: str) -> str:
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.files[path]

    def names(self, folder: str) -> tuple[str, ...]:
        if folder not in self.folders:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder)
        return self.folders[folder]

    def filesystem(self, path: str) -> int:
        return self.magic

    def link(self, path: str) -> str:
        if path not in self.links:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.links[path]

    def program(self, name: str) -> str | None:
        return f"/usr/sbin/{name}" if name in self.programs else None

    def output(self, *command: str) -> Output:
        return Output(0, self.outputs.get(" ".join(command), ""), "")

    def facts(self) -> dict[str, str]:
        return {
            "sysname": "Linux",
            "release": self.release,
            "version": self.version,
            "machine": self.machine,
            "bits": "64",
            "page_size": str(self.page_size),
            "personality": "0x0",
            "executable": "/usr/bin/python3",
            "euid": str(self.euid),
            "egid": str(self.euid),
        }

    def attempt(self, trial: Trial) -> Outcome:
        key = " ".join(word for word in trial.key.split(" ") if word not in (self.store, "direct", "user"))
        words = key.split(" ")
        for length in range(len(words), 0, -1):
            beginning = " ".join(words[:length])
            if beginning in self.trials:
                return self.trials[beginning]
            if beginning in OLDER and self.numbers < OLDER[beginning][0]:
                return refused(*OLDER[beginning][1:])
        return self._usual(trial, words)

    def _usual(self, trial: Trial, words: list[str]) -> Outcome:
        if trial.name == "emulation.run" and words[1] in self.native:
            return Outcome(True, detail=f"a program of {words[1]} ran")
        if trial.name == "cgroup.create":
            return Outcome(True, detail=V2_FILES if "unified" in words[1] or words[1] == "/sys/fs/cgroup" else "tasks")
        return USUAL.get(trial.name, Outcome(True))


def os_release(identity: str, version: str, name: str, like: str = "", codename: str = "") -> dict[str, str]:
    lines = [f"ID={identity}", f'VERSION_ID="{version}"', f'PRETTY_NAME="{name}"']
    lines += [f'ID_LIKE="{like}"'] if like else []
    lines += [f"VERSION_CODENAME={codename}"] if codename else []
    return {"/etc/os-release": "\n".join(lines) + "\n"}


def root(seccomp: int = 0, capabilities: str = ALL) -> dict[str, str]:
    status = ROOT_STATUS.format(capabilities) + f"Seccomp:\t{seccomp}\n"
    return {"/proc/self/status": status, "/proc/self/uid_map": EVERY_ID}


def user(name: str = "user", uid: int = 1000) -> dict[str, str]:
    return {
        "/proc/self/status": ROOT_STATUS.format("0000000000000000").replace(
            "CapBnd:\t0000000000000000", f"CapBnd:\t{ALL}"
        )
        + "Seccomp:\t0\n",
        "/proc/self/uid_map": EVERY_ID,
        "/etc/passwd": f"{name}:x:{uid}:{uid}::/home/{name}:/bin/bash\n",
    }


def v1(groups: tuple[str, ...], folder: str = "/sys/fs/cgroup", off: tuple[str, ...] = ()) -> dict[str, str]:
    """The files of a host with cgroup v1; `groups` are "cpu,cpuacct", "memory", "name=systemd" ..."""
    mounts, own, listed = ROOT_MOUNT, "", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
    for number, group in enumerate(groups, 1):
        point = f"{folder}/{group.replace('name=', '')}"
        mounts += f"{30 + number} 20 0:{20 + number} / {point} rw,nosuid - cgroup cgroup rw,{group}\n"
        own += f"{number}:{group}:/\n"
        listed += "".join(f"{name}\t{number}\t1\t1\n" for name in group.split(",") if "=" not in name)
    listed += "".join(f"{name}\t0\t1\t0\n" for name in off)
    return {
        "/proc/self/mountinfo": mounts,
        "/proc/1/mountinfo": mounts,
        "/proc/self/cgroup": own,
        "/proc/cgroups": listed,
    }


def v2(controllers: str, own: str = "/") -> dict[str, str]:
    mounts = ROOT_MOUNT + "30 20 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    place = "/sys/fs/cgroup" + own.rstrip("/")
    names = {"io": "blkio"}
    listed = "".join(f"{names.get(name, name)}\t0\t1\t1\n" for name in ("devices", "freezer", *controllers.split()))
    return {
        "/proc/self/mountinfo": mounts,
        "/proc/1/mountinfo": mounts,
        "/proc/self/cgroup": f"0::{own}\n",
        "/proc/cgroups": "#subsys_name\thierarchy\tnum_cgroups\tenabled\n" + listed,
        f"{place}/cgroup.controllers": controllers + "\n",
        f"{place}/cgroup.subtree_control": controllers + "\n",
    }


def config(release: str, yes: str = "", module: str = "", no: str = "") -> dict[str, str]:
    """/boot/config of a kernel. Without `yes` it has every option that is neither a module nor missing."""
    others = {f"CONFIG_{name}" for name in f"{module} {no}".split()}
    built = [f"CONFIG_{name}" for name in yes.split()] or sorted(OPTIONS - others)
    lines = [f"{name}=y" for name in built] + [f"CONFIG_{name}=m" for name in module.split()]
    return {
        f"/boot/config-{release}": "\n".join([*lines, *(f"# CONFIG_{name} is not set" for name in no.split())]) + "\n"
    }


def v2_trials(extra: str = "", swap: bool = True) -> dict[str, Outcome]:
    """A new cgroup on v2 whose parent hands everything down."""
    files = f"{V2_FILES} cpu.max cpu.weight memory.max memory.current pids.max {extra}"
    return {"cgroup.create": Outcome(True, detail=files + (" memory.swap.max" if swap else ""))}
