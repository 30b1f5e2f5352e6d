"""Kernels with things left out that no command line and no sysctl can take away, built from Debian's linux-source.

    python3 ci/kernels.py list
    python3 ci/kernels.py build no-pid-namespaces

Built as user-mode-linux: a plain process that boots in seconds without KVM and without an image, on this machine's own
files (`ci/guest.py --kernel NAME` boots one). The first takes the source and some minutes; a further one is the same
tree with a few options changed. They are kept in the cache of `ci/images.py` under a key of what went in.
"""

from __future__ import annotations

import argparse
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from ci import cells, debian, images  # noqa: E402

SOURCE, SUITE = "linux-source-6.1", "bookworm"
TOOLS = (("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison"), ("bc", "bc"), ("xz", "xz-utils"))

# All that our backends can use, and what a guest on this machine's own files needs to come up.
OPTIONS = """
    64BIT HOSTFS STDERR_CONSOLE NULL_CHAN MCONSOLE MAGIC_SYSRQ PRINTK BINFMT_ELF BINFMT_SCRIPT BINFMT_MISC COREDUMP
    BLOCK BLK_DEV BLK_DEV_UBD BLK_DEV_LOOP PROC_FS PROC_SYSCTL SYSFS SHMEM TMPFS TMPFS_POSIX_ACL TMPFS_XATTR DEVTMPFS
    TTY UNIX98_PTYS NET UNIX PACKET INET NETDEVICES NET_CORE DUMMY VETH TUN BRIDGE SYSVIPC POSIX_MQUEUE FHANDLE KEYS
    HIGH_RES_TIMERS MULTIUSER SWAP CROSS_MEMORY_ATTACH CC_OPTIMIZE_FOR_PERFORMANCE
    CGROUPS MEMCG BLK_CGROUP BLK_DEV_THROTTLING CGROUP_SCHED FAIR_GROUP_SCHED CFS_BANDWIDTH CGROUP_PIDS CGROUP_FREEZER
    CGROUP_DEVICE CGROUP_CPUACCT BPF_SYSCALL CGROUP_BPF
    NAMESPACES UTS_NS IPC_NS USER_NS PID_NS NET_NS SECCOMP SECCOMP_FILTER
    EXT4_FS EXT4_FS_POSIX_ACL EXT4_FS_SECURITY BTRFS_FS OVERLAY_FS FUSE_FS MISC_FILESYSTEMS SQUASHFS SQUASHFS_ZLIB
    MD BLK_DEV_DM DM_THIN_PROVISIONING
""".split()

# What a kernel has unasked, until CONFIG_EXPERT is set: without that, namespaces are not to be had out.
EXPERT = """
    EXPERT MULTIUSER POSIX_TIMERS BUG FUTEX EPOLL SIGNALFD TIMERFD EVENTFD AIO IO_URING ADVISE_SYSCALLS MEMBARRIER
    KALLSYMS RSEQ FILE_LOCKING
""".split()


class WrongConfiguration(Exception):
    """kconfig did not take what was asked for."""


@functools.cache
def without(name: str) -> tuple[str, ...]:
    """The options that a kernel lacks; what depends on them goes too."""
    return cells.read().kernels[name]


def missing() -> list[tuple[str, str]]:
    """Programs that a build needs and that are not here, each with the Debian package that has it."""
    return [(program, package) for program, package in TOOLS if not shutil.which(program)]


def path(name: str) -> str:
    """Where the kernel is, or will be."""
    said = repr((SOURCE, SUITE, OPTIONS, without(name)))
    return f"{images.cache()}/kernel-{name}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def configuration(name: str) -> str:
    """What `make allnoconfig` reads as KCONFIG_ALLCONFIG."""
    return "".join(f"CONFIG_{option}={'y' if there else 'n'}\n" for option, there in _options(name).items())


def _options(name: str) -> dict[str, bool]:
    out = without(name)
    options = [*OPTIONS, *(EXPERT if "NAMESPACES" in out else ())]
    return {option: option not in out for option in options}


def contradictions(name: str, taken: str) -> list[str]:
    """Options that are not as they were wanted in a configuration as `make` wrote it: kconfig says nothing of them.

    What depends on an option that is out is out with it: only of a kernel that has everything is everything asked.
    """
    lines, everything = set(taken.splitlines()), not without(name)
    there = {option: f"CONFIG_{option}=y" in lines for option in _options(name)}
    return [o for o, wanted in _options(name).items() if there[o] != wanted and (everything or not wanted)]


def build(name: str) -> str:
    """The kernel, made unless it is there. WrongConfiguration; CalledProcessError, its program's words on stderr."""
    target = path(name)
    if os.path.exists(target):
        return target
    tree = f"{images.cache()}/{SOURCE}-um"
    os.makedirs(tree, exist_ok=True)
    with open(f"{tree}/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(target):
            _make(tree, name)
            shutil.copy2(f"{tree}/made/linux", f"{target}.unfinished")
            os.rename(f"{target}.unfinished", target)
    return target


def _make(tree: str, name: str) -> None:
    source = f"{tree}/{SOURCE}"
    if not os.path.exists(source):
        _fetch(tree)
    wanted = f"{tree}/wanted"
    with open(wanted, "w", encoding="ascii") as file:
        file.write(configuration(name))
    os.makedirs(f"{tree}/made", exist_ok=True)
    command = ["nice", "make", "-C", source, "ARCH=um", f"O={tree}/made", f"-j{os.cpu_count()}"]
    for target in ("allnoconfig", "linux"):
        if target == "linux":
            with open(f"{tree}/made/.config", encoding="utf-8") as file:
                if wrong := contradictions(name, file.read()):
                    raise WrongConfiguration(f"{name}: kconfig did not take {', '.join(wrong)} as wanted")
        subprocess.run(
            [*command, target],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "KCONFIG_ALLCONFIG": wanted},
        )


def _fetch(tree: str) -> None:
    with tempfile.TemporaryDirectory(dir=tree, prefix="unfinished-") as folder:
        files, _ = debian.Archive(folder, (SUITE,)).unpack(SOURCE, SUITE)
        subprocess.run(["tar", "-xf", f"{files}/usr/src/{SOURCE}.tar.xz", "-C", folder], check=True)
        os.rename(f"{folder}/{SOURCE}", f"{tree}/{SOURCE}")


def main() -> int:
    known = cells.read().kernels
    parser = argparse.ArgumentParser(description="build kernels with things left out, as ci/matrix.toml has them")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="their names, what they lack, and whether they are built")
    commands.add_parser("build", help="build some, and say where they are").add_argument(
        "name", nargs="+", choices=known
    )
    given = parser.parse_args()
    if given.command == "list":
        for name, out in known.items():
            print(f"{name:24} {'built' if os.path.exists(path(name)) else '-':6} without {', '.join(out) or 'nothing'}")
        return 0
    for program, package in missing():
        print(f"kernels: there is no {program} here: install Debian's package {package}", file=sys.stderr)
        return 1
    for name in given.name:
        print(build(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
