"""Runs a command under another kernel: user-mode-linux 6.1, a plain process that needs no KVM and no image.

    python3 ci/guest.py [--kernel NAME] [--cgroups v2|v1|hybrid|none] [--no-overlay] [--timeout SECONDS] -- COMMAND...

The kernel is Debian's, or one of `ci/kernels.py`, which lack what no command line takes away. The guest sees this
machine's files, read-only, with fresh tmpfs where programs write; the command runs as root in the current folder, its
output is ours, and so is its exit status: 124 if the guest had to be ended, 125 if it never began.
For what this machine's kernel lacks: cgroup v2 with its controllers, v1 with several controllers a hierarchy, none.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import tempfile

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ci import console
from ci.setting import HIERARCHIES, Setting, mount_cgroups, privileged, take_away

KERNEL = "linux.uml"
_FRESH = ("/run", "/tmp", "/var/tmp", "/var/lib", "/mnt")
_RESULTS = "/run/results"


def available() -> bool:
    return shutil.which(KERNEL) is not None


def first_program(command: list[str], folder: str, setting: Setting, results: str = "") -> str:
    """The guest's init, as a shell script: what a distribution's would do, and then the command."""
    lines = [
        "#!/bin/sh",
        "exec 2>&1",
        "mount -t proc proc /proc",
        "mount -t sysfs sys /sys",
        "mount -t devtmpfs dev /dev 2>/dev/null",
        "mkdir -p /dev/pts /dev/shm",
        "mount -t devpts -o ptmxmode=666 devpts /dev/pts",
        "mount -t tmpfs -o mode=1777 shm /dev/shm",
        *_refresh((folder, sys.prefix)),
        *mount_cgroups(setting.cgroups),
    ]
    if "overlay" not in setting.without:
        module = "/usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
        lines.append(f"[ ! -e {module} ] || busybox insmod {module} 2>/dev/null")
    if results:
        lines.append(f"mkdir -p {_RESULTS} && mount -t hostfs -o {shlex.quote(results)} results {_RESULTS}")
    lines += [
        "ip link set lo up 2>/dev/null",
        "export HOME=/tmp TMPDIR=/tmp PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis",
        f"export RESULTS={_RESULTS} PATH={os.environ.get('PATH', os.defpath)}",
        *take_away(setting),
        f"cd {shlex.quote(folder)}",
        f"echo '{console.BEGAN}'",
        f"{{ {privileged(command, setting, '/tmp/home')}; }} </dev/null",
        f'echo "{console.ENDED}$?"',
        "sync",
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


def run(
    command: list[str], cgroups: str = "v2", overlay: bool = True, memory: int = 1024, timeout: float = 600
) -> tuple[int, str]:
    """The command's exit status and its output, under Debian's kernel."""
    setting = Setting(cgroups, without=() if overlay else ("overlay",), timeout=timeout)
    return boot(command, setting, memory=memory)


def boot(
    command: list[str],
    setting: Setting,
    kernel: str = KERNEL,
    memory: int = 1024,
    show: console.Show = lambda text: None,
    results: str = "",
) -> tuple[int, str]:
    """The same under any kernel; the output is also shown as it comes, and what is left in $RESULTS is in `results`."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="guest-") as folder:
        script = f"{folder}/init"
        with open(script, "w") as file:
            file.write(first_program(command, os.getcwd(), setting, results))
        os.chmod(script, 0o755)
        words = [kernel, f"mem={memory}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"]
        words += [f"init={script}", "con=null", "con0=null,fd:1", f"umid=guest-{os.getpid()}", f"uml_dir={folder}"]
        # The kernel keeps its memory in a file of TMPDIR.
        environment = {**os.environ, "TMPDIR": "/dev/shm"}
        said, ended = console.attend([*words, *setting.append.split()], setting.timeout, show, environment)
    return console.hung(said, setting.timeout) if ended else console.result(said)


def main() -> int:
    console.end_cleanly()
    parser = argparse.ArgumentParser(description="run a command under user-mode-linux")
    parser.add_argument("--kernel", default="", metavar="NAME", help="one of ci/kernels.py; without: Debian's")
    parser.add_argument("--cgroups", choices=tuple(HIERARCHIES), default="v2")
    parser.add_argument("--no-overlay", action="store_true", help="do not load Debian's overlay module")
    parser.add_argument("--memory", type=int, default=1024, metavar="MIB")
    parser.add_argument("--timeout", type=float, default=600, metavar="SECONDS")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    setting = Setting(given.cgroups, without=("overlay",) if given.no_overlay else (), timeout=given.timeout)
    if given.kernel:
        from ci import kernels

        kernel = kernels.path(given.kernel)
        if not os.path.exists(kernel):
            print(f"guest: not built: python3 ci/kernels.py build {given.kernel}", file=sys.stderr)
            return console.NEVER_BEGAN
    elif not available():
        print(f"guest: there is no {KERNEL} here: install Debian's package user-mode-linux", file=sys.stderr)
        return console.NEVER_BEGAN
    else:
        kernel = KERNEL
    status, output = boot(given.command, setting, kernel, given.memory, _show)
    if status in (console.HUNG, console.NEVER_BEGAN):
        sys.stderr.write(output)
    return status


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
