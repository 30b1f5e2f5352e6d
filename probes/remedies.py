"""What to do about a capability that is not there, on this distribution: data, and the choice among it."""

from __future__ import annotations

from collections.abc import Callable

from probes.finding import (
    CONTAINMENT,
    FILESYSTEM,
    KERNEL_AGE,
    KERNEL_CONFIG,
    LSM,
    MACHINE,
    OUTER_SECCOMP,
    PRIVILEGE,
    PROGRAM,
    SYSCTL,
)
from probes.inquiry import Circumstances
from probes.origins import origin

INSTALL = {
    "debian": "apt-get install {}",
    "fedora": "dnf install {}",
    "fedora-old": "yum install {}",  # RHEL and CentOS before 8
    "suse": "zypper install {}",
    "alpine": "apk add {}",
    "arch": "pacman -S {}",
    "gentoo": "emerge {}",
    "void": "xbps-install {}",
}

# What holds a program, where it is not the program's own name.
PACKAGES: dict[str, dict[str, str]] = {
    "newuidmap": {"debian": "uidmap", "fedora": "shadow-utils", "suse": "shadow", "alpine": "shadow-uidmap",
                  "arch": "shadow", "gentoo": "sys-apps/shadow", "void": "shadow"},
    "pasta": {"": "passt"},
    "nft": {"": "nftables"},
    "ip": {"": "iproute2", "fedora": "iproute"},
    "modprobe": {"": "kmod", "fedora-old": "module-init-tools"},
    "dmsetup": {"": "dmsetup", "fedora": "device-mapper", "suse": "device-mapper", "alpine": "device-mapper",
                "arch": "device-mapper", "void": "device-mapper"},
    "thin_check": {"": "thin-provisioning-tools", "fedora": "device-mapper-persistent-data"},
    "mkfs.ext4": {"": "e2fsprogs"},
    "btrfs": {"": "btrfs-progs", "suse": "btrfsprogs"},
    "apparmor_parser": {"": "apparmor", "suse": "apparmor-parser"},
    "lxc": {"": "lxc", "debian": "lxc"},
    "qemu": {"": "qemu-user-static", "alpine": "qemu-openrc qemu-arm qemu-aarch64", "suse": "qemu-linux-user"},
}  # fmt: skip
PACKAGES["newgidmap"] = PACKAGES["newuidmap"]

SYSCTLS = {
    "kernel.unprivileged_userns_clone": "1",
    "user.max_user_namespaces": "15000",
    "kernel.apparmor_restrict_unprivileged_userns": "0",
    "net.ipv4.ip_forward": "1",
}

# Kernel command line
COMMAND_LINE = {
    "debian": "add {0} to GRUB_CMDLINE_LINUX in /etc/default/grub, then: update-grub && reboot",
    "fedora": "grubby --update-kernel=ALL --args='{0}' && reboot",
    "suse": "add {0} to GRUB_CMDLINE_LINUX in /etc/default/grub, then: update-bootloader && reboot",
    "alpine": "add {0} to default_kernel_opts in /etc/update-extlinux.conf, then: update-extlinux && reboot",
    "": "add {0} to the kernel's command line and reboot",
}

_LOOSEN = "start the container around this with --security-opt seccomp=unconfined --cap-add SYS_ADMIN, or --privileged"

# How the container around us is told to let its inmates do more.
OUTSIDE = {
    "docker": _LOOSEN,
    "podman": _LOOSEN,
    "kubernetes": "give the pod securityContext.privileged: true, or seccompProfile.type: Unconfined and SYS_ADMIN",
    "lxc": "on the host: lxc config set NAME security.nesting true (LXD, Incus), or lxc.include = nesting.conf (lxc)",
    "systemd-nspawn": "start the surrounding container with --capability=all --system-call-filter='@mount @privileged'",
}

APPARMOR_PROFILE = """\
Either, for the whole machine: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
or a profile for this program alone, in /etc/apparmor.d/runtime, loaded by apparmor_parser -r /etc/apparmor.d/runtime:
  abi <abi/4.0>,
  include <tunables/global>
  profile runtime PYTHON flags=(unconfined) { userns, }"""


def remedy(capability: str, blocker: str, circumstances: Circumstances) -> str:
    """One instruction, or several lines of it; empty where there is nothing sensible to say."""
    special = _SPECIAL.get(capability)
    if special is not None and (advice := special(blocker, circumstances)):
        return advice
    choose = _BY_BLOCKER.get(blocker)
    return choose(capability, circumstances) if choose else ""


def install(program: str, circumstances: Circumstances) -> str:
    """The command that installs what holds `program` on this distribution."""
    family = circumstances.family
    names = PACKAGES.get(program, {})
    package = names.get(family) or names.get(family.split("-", 1)[0]) or names.get("", program)
    command = INSTALL.get(family)
    return command.format(package) if command else f"install {package}"


def set_sysctl(name: str) -> str:
    line = f"{name}={SYSCTLS[name]}"
    return f"sysctl -w {line}; to keep it: echo {line} > /etc/sysctl.d/99-runtime.conf"


def command_line(arguments: str, circumstances: Circumstances) -> str:
    family = circumstances.family.split("-", 1)[0]
    return COMMAND_LINE.get(family, COMMAND_LINE[""]).format(arguments)


def _kernel(capability: str, circumstances: Circumstances) -> str:
    since = origin(capability).since
    return f"boot Linux {'.'.join(map(str, since))} or newer" if since else "boot a newer kernel"


def _config(capability: str, circumstances: Circumstances) -> str:
    source = origin(capability)
    built = [option for option in source.options if circumstances.options.get(f"CONFIG_{option}") == "m"]
    if source.module and (built or not circumstances.options):
        where = " on the host" if circumstances.container else ""
        return f"modprobe {source.module}{where}; to keep it: echo {source.module} > /etc/modules-load.d/runtime.conf"
    if source.options:
        return "boot a kernel with " + " and ".join(f"CONFIG_{option}" for option in source.options)
    return ""


def _sysctl(capability: str, circumstances: Circumstances) -> str:
    wrong = [
        name for name, value in circumstances.sysctls.items()
        if name in SYSCTLS and value == "0" and name != "kernel.apparmor_restrict_unprivileged_userns"
        and not name.startswith("net.")
    ]  # fmt: skip
    advice = [set_sysctl(name) for name in wrong]
    if wrong and circumstances.numbers[:2] == (3, 10) and _build(circumstances.release) < 957:
        # RHEL 7.4 and 7.5 want boot arguments besides; from 7.6 (3.10.0-957) the sysctl is enough
        advice.append(command_line("user_namespace.enable=1 namespace.unpriv_enable=1", circumstances))
    return "\n".join(advice)


def _build(release: str) -> int:
    digits = release.partition("-")[2].split(".", 1)[0]
    return int(digits) if digits.isdigit() else 957


def _privilege(capability: str, circumstances: Circumstances) -> str:
    if circumstances.container and circumstances.euid == 0:
        return _outside(capability, circumstances)
    return "run as root (sudo)" if circumstances.euid else "run with the missing capabilities"


def _outside(capability: str, circumstances: Circumstances) -> str:
    return OUTSIDE.get(circumstances.container, "ask whoever set up the surrounding sandbox to allow it")


def _lsm(capability: str, circumstances: Circumstances) -> str:
    if (
        capability.startswith("namespace.user")
        and "kernel.apparmor_restrict_unprivileged_userns" in circumstances.sysctls
    ):
        return APPARMOR_PROFILE.replace("PYTHON", circumstances.executable or "/usr/bin/python3")
    if circumstances.container:
        return _outside(capability, circumstances)
    return "look for the denial in the audit log (journalctl -k | grep -i denied) and allow it in the policy"


def _filesystem(capability: str, circumstances: Circumstances) -> str:
    return "keep the store on another file system (ext4, xfs with ftype=1, btrfs): --root FOLDER"


def _containment(capability: str, circumstances: Circumstances) -> str:
    if circumstances.chroot and not circumstances.container:
        return "leave the chroot, or enter it by pivot_root(2) instead (systemd-nspawn, unshare --root after a mount)"
    return _outside(capability, circumstances)


def _program(capability: str, circumstances: Circumstances) -> str:
    return install(capability.split(".", 1)[1], circumstances)


def _machine(capability: str, circumstances: Circumstances) -> str:
    return (
        "use a Python of this machine's own architecture: the kernel may well have it" if circumstances.emulator else ""
    )


_BY_BLOCKER: dict[str, Callable[[str, Circumstances], str]] = {
    KERNEL_AGE: _kernel,
    KERNEL_CONFIG: _config,
    SYSCTL: _sysctl,
    LSM: _lsm,
    OUTER_SECCOMP: _outside,
    PRIVILEGE: _privilege,
    PROGRAM: _program,
    FILESYSTEM: _filesystem,
    MACHINE: _machine,
    CONTAINMENT: _containment,
}


def _swap(blocker: str, circumstances: Circumstances) -> str:
    return command_line("swapaccount=1", circumstances) if blocker == KERNEL_CONFIG else ""


def _memory(blocker: str, circumstances: Circumstances) -> str:
    return command_line("cgroup_enable=memory", circumstances) if blocker == KERNEL_CONFIG else ""


def _forward(blocker: str, circumstances: Circumstances) -> str:
    return set_sysctl("net.ipv4.ip_forward") if blocker == SYSCTL else ""


def _mounting(blocker: str, circumstances: Circumstances) -> str:
    """Only where nobody mounts cgroups: otherwise the blocker's own advice is the right one."""
    if blocker:
        return ""
    if circumstances.family == "debian":
        return install("cgroupfs-mount", circumstances)
    return "mkdir -p /sys/fs/cgroup/memory && mount -t cgroup -o memory memory /sys/fs/cgroup/memory, and so for each"


def _delegation(blocker: str, circumstances: Circumstances) -> str:
    if blocker == PRIVILEGE and circumstances.euid:
        return "run as root (sudo), or in a cgroup of your own: systemd-run --user --scope -p Delegate=yes COMMAND"
    return _mounting(blocker, circumstances)


def _subid(blocker: str, circumstances: Circumstances) -> str:
    if blocker == PROGRAM:
        return install("newuidmap", circumstances)
    return "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"


def _type_of_entries(blocker: str, circumstances: Circumstances) -> str:
    return "keep the store on a file system with d_type: ext4, btrfs, or xfs made with mkfs.xfs -n ftype=1"


def _copies(blocker: str, circumstances: Circumstances) -> str:
    return "keep the store on btrfs, or on xfs made with mkfs.xfs -m reflink=1: --root FOLDER" if blocker else ""


def _subvolumes(blocker: str, circumstances: Circumstances) -> str:
    return "keep the store on btrfs: --root FOLDER" if blocker == FILESYSTEM else ""


def _no_tree(blocker: str, circumstances: Circumstances) -> str:
    """Of no mainline kernel: nobody should boot another one for these where overlay is to be had."""
    return (
        "not needed where overlay works; otherwise boot Linux 4.0 or newer for overlay"
        if blocker == KERNEL_CONFIG
        else ""
    )


def _lxc(blocker: str, circumstances: Circumstances) -> str:
    return install("lxc", circumstances)


def _foreign(blocker: str, circumstances: Circumstances) -> str:
    return "" if blocker else install("qemu", circumstances)


_SPECIAL: dict[str, Callable[[str, Circumstances], str]] = {
    "cgroup.swap": _swap,
    "cgroup.v1.memory": _memory,
    "cgroup.v2.memory": _memory,
    "cgroup.writable": _delegation,
    "network.forward": _forward,
    "privilege.subid": _subid,
    "storage.d_type": _type_of_entries,
    "storage.reflink": _copies,
    "storage.btrfs": _subvolumes,
    "storage.aufs": _no_tree,
    "storage.overlay.legacy": _no_tree,
    "lxc.tools": _lxc,
    **{f"emulation.{name}": _foreign for name in ("x86_64", "arm", "arm64", "ppc64le", "i386", "riscv64", "s390x")},
}
