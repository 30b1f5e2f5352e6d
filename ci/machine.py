"""Runs a command on another machine: a Debian kernel and root filesystem of any architecture in QEMU, without KVM.

    ci/machine run --arch arm64 [--kernel bookworm] [--user] [--cgroups v2|v1|hybrid|none] [--results FOLDER] -- COMMAND
    ci/machine shell --arch arm64           a terminal there; it ends with the shell
    ci/machine list                         machines, their kernels, and what is made already

The guest has one processor, no network, and this checkout (what git would commit, and is not ignored) in /machine/
checkout, where the command runs. Its output is ours, and so is its exit status: 124 if the guest hung and was ended,
125 if the command never began; both with the last lines of the guest's console. What the command leaves in $RESULTS
comes back in the folder of --results. `--arch um` is user-mode-linux, on this machine's own files: see ci/guest.py. The
machines are those of ci/matrix.toml; a root filesystem is made once, and kept: see ci/roots.py.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from arch import names  # noqa: E402
from ci import cells, console, guest, roots  # noqa: E402
from ci.setting import HIERARCHIES, USER, Setting, mount_cgroups, privileged, take_away  # noqa: E402

# What an administrator would have loaded by the time that containers run.
LOADED = ("overlay", "loop", "veth", "bridge", "nf_tables", "dm_mod", "dm_thin_pool", "btrfs", "fuse")
_RESULTS, _RESULTS_SIZE = "/machine/results", 256 << 20


def second_program(setting: Setting, ending: list[str]) -> str:
    """The guest's init, once it has its root: what a distribution's would do, and then what `ending` says."""
    modules = [name for name in LOADED if name not in setting.without]
    lines = [
        "#!/bin/sh",
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8",
        f"export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis RESULTS={_RESULTS}",
        "mount -t proc proc /proc",
        "mount -t sysfs sys /sys",
        "mount -t devtmpfs dev /dev",
        f"mkdir -p /dev/pts /dev/shm /mnt /media /opt /srv /tmp {_RESULTS}",
        "mount -t devpts -o ptmxmode=666 devpts /dev/pts",
        "mount -t tmpfs -o mode=1777 shm /dev/shm",
        "mount -t tmpfs run /run",
        f"chmod 1777 /tmp /var/tmp {_RESULTS}",
        "ln -s /proc/self/fd /dev/fd",
        "hostname machine",
        "ip link set lo up",
        # As the packages' own scripts would have made them.
        "for file in passwd group; do [ -e /etc/$file ] || cp /usr/share/base-passwd/$file.master /etc/$file; done",
        f"echo 'user:x:{USER}:{USER}::/home/user:/bin/sh' >>/etc/passwd; echo 'user:x:{USER}:' >>/etc/group",
        *(f"echo 'install {name} /bin/false' >>/etc/modprobe.d/without.conf" for name in setting.without),
        f"modprobe -a -q {' '.join(modules)}",
        *mount_cgroups(setting.cgroups),
        *take_away(setting),
        "cd /machine/checkout",
        *ending,
        "busybox reboot -f",
    ]
    return "\n".join(lines) + "\n"


def commanded(command: list[str], setting: Setting) -> list[str]:
    run = f'{privileged(command, setting, "/home/user")}; echo "{console.ENDED}$?"'
    return [
        f"echo '{console.BEGAN}'",
        # Through cat, because programs draw and colour for a console. The results are there before the end is told.
        f"{{ {run} >/machine/ended; }} </dev/null 2>&1 | cat",
        f"[ ! -b /dev/vdc ] || tar -cf /dev/vdc -C {_RESULTS} .",
        "sync; cat /machine/ended",
    ]


def _interactive(device: str) -> list[str]:
    size = shutil.get_terminal_size()
    return [
        f"stty -F /dev/{device} rows {size.lines} cols {size.columns} 2>/dev/null",
        f"TERM={shlex.quote(os.environ.get('TERM', 'vt100'))} setsid -cw sh -i </dev/{device} >/dev/{device} 2>&1",
    ]


def _make_payload(folder: str, python: str, init: str) -> str:
    """A tar archive with the checkout and the guest's init."""
    checkout, archive = f"{folder}/payload/checkout", f"{folder}/payload.tar"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        cwd=ROOT,
        capture_output=True,
    ).stdout
    for name in sorted(set(os.fsdecode(listed).split("\0")) - {""}):
        if os.path.isfile(f"{ROOT}/{name}"):
            os.makedirs(os.path.dirname(f"{checkout}/{name}"), exist_ok=True)
            shutil.copy2(f"{ROOT}/{name}", f"{checkout}/{name}")
    roots.compile_for(python, checkout, *(f"{checkout}/{room}" for room in ("arch", "probes", "backends", "runtime")))
    roots.write(f"{folder}/payload/init", init)
    subprocess.run(["tar", "-cf", archive, "-C", f"{folder}/payload", "."], check=True, stdin=subprocess.DEVNULL)
    return archive


def _boot(architecture: str, root: roots.Root, folder: str, init: str, append: str) -> list[str]:
    with open(root.path("python")) as file:
        payload = _make_payload(folder, file.read(), init)
    machine = root.machine
    words = [f"qemu-system-{names.by_name(architecture).qemu_system}", *machine.options.split(), "-accel", "tcg"]
    words += ["-smp", "1", "-m", str(machine.memory), "-nodefaults", "-display", "none", "-no-reboot"]
    words += ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
    words += ["-kernel", root.path("kernel"), "-initrd", root.path("initrd")]
    words += ["-append", f"console={machine.console} quiet loglevel=1 panic=-1 {append}".strip()]
    for disk in (root.path("root.ext4"), payload):
        words += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
    return words


def run(
    architecture: str,
    suite: str,
    command: list[str],
    setting: Setting,
    show: console.Show = lambda text: None,
    results: str = "",
) -> tuple[int, str]:
    """The command's exit status, and its output, which is also shown as it comes; of 124 and 125, the console's end."""
    root = roots.Root(architecture, cells.read().machines[architecture], suite)
    root.make()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="machine-") as folder:
        init = second_program(setting, commanded(command, setting))
        words = _boot(architecture, root, folder, init, setting.append)
        disk = f"{folder}/results"
        if results:
            with open(disk, "wb") as file:
                file.truncate(_RESULTS_SIZE)
            words += ["-drive", f"file={disk},format=raw,if=virtio"]
        said, ended = console.attend(words, setting.timeout, show)
        if results and not ended:
            subprocess.run(["tar", "-xf", disk, "-C", results, "--no-same-owner"], check=False)
    return console.hung(said, setting.timeout) if ended else console.result(said)


def shell(architecture: str, suite: str, setting: Setting) -> int:
    machine = cells.read().machines[architecture]
    root = roots.Root(architecture, machine, suite)
    root.make()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="machine-") as folder:
        init = second_program(setting, _interactive(machine.console))
        return subprocess.run(_boot(architecture, root, folder, init, setting.append), check=False).returncode


def _run_in_mode_linux(given: argparse.Namespace, setting: Setting) -> tuple[int, str]:
    from ci import kernels

    kernel = guest.KERNEL if given.kernel == cells.PACKAGED else kernels.build(given.kernel)
    return guest.boot(given.command, setting, kernel, show=_show, results=_folder(given.results))


def _folder(path: str) -> str:
    if path:
        os.makedirs(path, exist_ok=True)
    return path and os.path.abspath(path)


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _list(matrix: cells.Matrix) -> int:
    from ci import kernels

    for name, machine in matrix.machines.items():
        kept = [suite + (" (made)" if roots.Root(name, machine, suite).made else "") for suite in machine.suites]
        needs = "".join(f"; needs {package}" for _, package in roots.missing(name, machine))
        print(f"{name:8} {', '.join(kept)}{needs}")
    built = [name + (" (built)" if os.path.exists(kernels.path(name)) else "") for name in matrix.kernels]
    print(f"{cells.MODE_LINUX:8} {cells.PACKAGED}, {', '.join(built)}")
    return 0


def _kernels(matrix: cells.Matrix, architecture: str) -> tuple[str, ...]:
    if architecture == cells.MODE_LINUX:
        return (cells.PACKAGED, *matrix.kernels)
    return matrix.machines[architecture].suites


def _missing(matrix: cells.Matrix, architecture: str, kernel: str) -> list[tuple[str, str]]:
    if architecture != cells.MODE_LINUX:
        return roots.missing(architecture, matrix.machines[architecture])
    if kernel in ("", cells.PACKAGED):
        return [] if guest.available() else [(guest.KERNEL, "user-mode-linux")]
    from ci import kernels

    built = kernel in matrix.kernels and os.path.exists(kernels.path(kernel))
    return [] if built else kernels.missing()


def _parser(matrix: cells.Matrix) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ci/machine", description="run a command on another machine, in QEMU")
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("list", help="machines, their kernels, and what is made already")
    for name, told in (("run", "run a command there"), ("shell", "a terminal there")):
        one = commands.add_parser(name, help=told)
        known = (*matrix.machines, cells.MODE_LINUX) if name == "run" else tuple(matrix.machines)
        one.add_argument("--arch", choices=known, required=True)
        one.add_argument("--kernel", "--suite", default="", help="Debian's suite, of the kernel and of the root")
        one.add_argument("--cgroups", choices=tuple(HIERARCHIES), default="v2")
        one.add_argument("--append", default="", help="to the kernel's command line, such as cgroup_disable=memory")
        one.add_argument("--sysctl", action="append", default=[], metavar="NAME=VALUE")
        one.add_argument("--without", action="append", default=[], metavar="MODULE", help="that is not to be loaded")
        if name == "run":
            one.add_argument("--user", action="store_true", help="as an ordinary user")
            one.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
            one.add_argument("--results", default="", metavar="FOLDER", help="for what is left in $RESULTS")
            one.add_argument("command", nargs="+")
    return parser


def main() -> int:
    console.end_cleanly()
    try:
        matrix = cells.read()
    except cells.Unreadable as error:
        print(f"machine: {error}", file=sys.stderr)
        return console.NEVER_BEGAN
    words = sys.argv[1:]
    # Without a word for what to do, a command is run.
    given = _parser(matrix).parse_args(words if not words or not words[0].startswith("--") else ["run", *words])
    if given.what == "list":
        return _list(matrix)
    taken = (tuple(given.sysctl), tuple(given.without))
    for program, package in _missing(matrix, given.arch, given.kernel):
        print(f"machine: there is no {program} here: install Debian's package {package}", file=sys.stderr)
        return console.NEVER_BEGAN
    given.kernel = given.kernel or ("bookworm" if given.arch != cells.MODE_LINUX else cells.PACKAGED)
    if given.kernel not in (known := _kernels(matrix, given.arch)):
        print(f"machine: {given.arch} is known with {', '.join(known)}, not with {given.kernel}", file=sys.stderr)
        return console.NEVER_BEGAN
    if given.what == "shell":
        return shell(given.arch, given.kernel, Setting(given.cgroups, False, given.append, *taken))
    setting = Setting(given.cgroups, given.user, given.append, *taken, given.timeout)
    try:
        if given.arch == cells.MODE_LINUX:
            status, output = _run_in_mode_linux(given, setting)
        else:
            status, output = run(given.arch, given.kernel, given.command, setting, _show, _folder(given.results))
    except roots.NotFetched as error:
        status, output = console.NEVER_BEGAN, f"machine: {error}\n"
    if status in (console.HUNG, console.NEVER_BEGAN):
        sys.stderr.write(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
