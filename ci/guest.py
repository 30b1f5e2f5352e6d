"""Runs a command under another kernel: Debian's user-mode-linux 6.1, a plain process that needs no KVM and no image.

    python3 ci/guest.py [--cgroups v2|v1|hybrid|none] [--no-overlay] [--memory MIB] [--timeout SECONDS] -- COMMAND...

The guest sees this machine's files, read-only, with fresh tmpfs where programs write; the command runs as root in the
current folder, its output is ours, and so is its exit status: 124 if the guest had to be ended, 125 if it never began.
For what this machine's kernel lacks: cgroup v2 with its controllers, v1 with several controllers a hierarchy, none.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

KERNEL = "linux.uml"
HIERARCHIES = {
    "none": (),
    "v2": (),
    "v1": ("cpu,cpuacct", "memory,pids", "devices", "freezer", "blkio", "cpuset"),
    "hybrid": ("cpu,cpuacct", "freezer"),
}
_FRESH = ("/run", "/tmp", "/var/tmp", "/var/lib", "/mnt")
BEGAN = "guest: began"
ENDED = "guest: ended "


def available() -> bool:
    return shutil.which(KERNEL) is not None


def first_program(command: list[str], folder: str, cgroups: str, overlay: bool) -> str:
    """The guest's init, as a shell script: what a distribution's would do, and then the command."""
    lines = [
        "#!/bin/sh",
        "exec 2>&1",
        "mount -t proc proc /proc",
        "mount -t sysfs sys /sys",
        "mount -t devtmpfs dev /dev 2>/dev/null",
        "mkdir -p /dev/pts /dev/shm",
        "mount -t devpts -o ptmxmode=666 devpts /dev/pts",
        "mount -t tmpfs shm /dev/shm",
        *_refresh((folder, sys.prefix)),
        *mount_cgroups(cgroups),
    ]
    if overlay:
        lines.append("busybox insmod /usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko 2>/dev/null")
    lines += [
        "ip link set lo up 2>/dev/null",
        f"export HOME=/tmp TMPDIR=/tmp PYTHONDONTWRITEBYTECODE=1 PATH={os.environ.get('PATH', os.defpath)}",
        f"cd {shlex.quote(folder)}",
        f"echo '{BEGAN}'",
        shlex.join(command) + " </dev/null",
        f'echo "{ENDED}$?"',
        "echo o >/proc/sysrq-trigger",
        "sleep 60",
    ]
    return "\n".join(lines) + "\n"


def _refresh(kept: tuple[str, ...]) -> list[str]:
    """Empty folders where programs write. The checkout and its environment may lie in one: they are held meanwhile."""
    places = [shlex.quote(path) for path in kept]
    lines = ["mount -t tmpfs held /media"]
    lines += [f"mkdir /media/{number} && mount --bind {path} /media/{number}" for number, path in enumerate(places)]
    lines += [f"mount -t tmpfs -o mode=1777 fresh {path}" for path in _FRESH]
    lines += [f"mkdir -p {path} && mount --bind /media/{number} {path}" for number, path in enumerate(places)]
    return lines


def mount_cgroups(layout: str) -> list[str]:
    top = "/sys/fs/cgroup"
    if layout == "none":
        return []
    if layout == "v2":
        return [f"mount -t cgroup2 cgroup2 {top}"]
    lines = [f"mount -t tmpfs cgroup {top}"]
    for names in (*HIERARCHIES[layout], "none,name=systemd"):
        folder = f"{top}/{'systemd' if 'systemd' in names else names}"
        lines.append(f"mkdir {folder} && mount -t cgroup -o {names} cgroup {folder} 2>/dev/null || rmdir {folder}")
    if layout == "hybrid":
        lines.append(f"mkdir {top}/unified && mount -t cgroup2 cgroup2 {top}/unified")
    return lines


def run(
    command: list[str], cgroups: str = "v2", overlay: bool = True, memory: int = 1024, timeout: float = 600
) -> tuple[int, str]:
    """The command's exit status and its output. Also prints the output as it comes, when it is a terminal's."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="guest-") as folder:
        script = f"{folder}/init"
        with open(script, "w") as file:
            file.write(first_program(command, os.getcwd(), cgroups, overlay))
        os.chmod(script, 0o755)
        boot = [KERNEL, f"mem={memory}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"]
        boot += [f"init={script}", "con=null", "con0=null,fd:1", f"umid=guest-{os.getpid()}", f"uml_dir={folder}"]
        try:
            # The kernel keeps its memory in a file of TMPDIR.
            done = subprocess.run(
                boot,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
                start_new_session=True,
                env={**os.environ, "TMPDIR": "/dev/shm"},
            )
        except subprocess.TimeoutExpired as expired:
            return 124, text(expired.stdout or b"") + f"\nguest: ended after {timeout} seconds\n"
    return result(text(done.stdout), done.returncode)


def text(output: bytes) -> str:
    return output.decode("utf-8", "replace").replace("\r\n", "\n")


def result(output: str, kernel: int) -> tuple[int, str]:
    _, began, rest = output.partition(BEGAN + "\n")
    if not began:
        return 125, f"{output}\nguest: it never began (the kernel ended with {kernel})\n"
    said, ended, status = rest.rpartition(ENDED)
    if not ended:
        return 125, f"{rest}\nguest: it ended without a word\n"
    return int(status.split()[0]), said


def main() -> int:
    parser = argparse.ArgumentParser(description="run a command under user-mode-linux")
    parser.add_argument("--cgroups", choices=tuple(HIERARCHIES), default="v2")
    parser.add_argument("--no-overlay", action="store_true", help="a kernel without overlay")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    if not available():
        print(f"guest: there is no {KERNEL} here: install Debian's package user-mode-linux", file=sys.stderr)
        return 125
    status, output = run(given.command, given.cgroups, not given.no_overlay, given.memory, given.timeout)
    sys.stdout.write(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
