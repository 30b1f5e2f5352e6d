"""Runs a command on another machine: a Debian kernel and root filesystem of any architecture in QEMU, without KVM.

    python3 ci/machine.py --arch arm64 [--suite bookworm] [--cgroups v2|v1|hybrid|none] [--timeout SECONDS] COMMAND...

The guest has one processor, no network, and this checkout (what git would commit, and is not ignored) in /machine/
checkout, where the command runs as root. Its output is ours, and so is its exit status: 124 if the guest hung and was
ended, 125 if the command never began; both with the last lines of the guest's console. The image is made once, and kept
in the cache of `ci/images.py` under a key of what went in; every guest starts from it unchanged.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from arch import names  # noqa: E402
from ci import debian, guest, images  # noqa: E402

PACKAGES = (
    "base-files base-passwd bash busybox-static coreutils dash findutils grep gzip hostname iproute2 iptables kmod"
    " libc-bin mount passwd procps sed tar util-linux zstd e2fsprogs"
    " python3 python3-cffi-backend python3-click python3-distro python3-packaging python3-hypothesis python3-pytest"
).split()
# What lies between the kernel and its root, where a kernel has it as modules.
MODULES = ("virtio_pci", "virtio_mmio", "virtio_ccw", "virtio_blk", "crc32c_generic", "ext4")
# What an administrator would have loaded by the time that containers run.
LOADED = "overlay loop veth bridge nf_tables dm_mod dm_thin_pool btrfs fuse"
FREE = 2 << 30  # bytes beyond the root's own, of a sparse file


@dataclass(frozen=True)
class Machine:
    """`options` are QEMU's for an empty board; `kernel` and `emulator` are Debian's packages; `memory` is in MiB."""

    options: str
    kernel: str
    console: str
    emulator: str
    memory: int = 1024


MACHINES = {
    "arm64": Machine("-M virt -cpu cortex-a57", "linux-image-cloud-arm64", "ttyAMA0", "qemu-system-arm"),
    "arm": Machine("-M virt,highmem=off -cpu cortex-a15", "linux-image-armmp-lpae", "ttyAMA0", "qemu-system-arm"),
    "ppc64le": Machine(
        "-M pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu POWER9",
        "linux-image-powerpc64le",
        "hvc0",
        "qemu-system-ppc",
    ),
    "x86_64": Machine("-M pc", "linux-image-cloud-amd64", "ttyS0", "qemu-system-x86"),
}

_FIRST = """\
#!/bin/busybox sh
busybox mkdir -p /dev /proc /root
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
for module in /modules/*; do busybox insmod $module; done
for attempt in $(busybox seq 500); do [ -b /dev/vdb ] || busybox usleep 20000; done
busybox mount -t ext4 /dev/vda /root
busybox mkdir -p /root/machine
busybox mount -t tmpfs machine /root/machine
busybox tar xf /dev/vdb -C /root/machine
busybox umount /proc
exec busybox switch_root /root /machine/init
"""


def missing(architecture: str) -> list[tuple[str, str]]:
    """Programs that are not here, each with the Debian package that has it."""
    machine, emulator = MACHINES[architecture], f"qemu-system-{names.by_name(architecture).qemu_system}"
    needed = [(emulator, machine.emulator), ("mmdebstrap", "mmdebstrap"), ("depmod", "kmod")]
    needed += [("mkfs.ext4", "e2fsprogs"), ("busybox", "busybox-static")]
    return [(program, package) for program, package in needed if not shutil.which(program)]


class Image:
    """A folder of the cache with the kernel, the initrd and the root filesystem of a machine."""

    def __init__(self, architecture: str, suite: str) -> None:
        self.machine = MACHINES[architecture]
        self.debian = names.by_name(architecture).debian[0]
        self.suite = suite
        said = repr((debian.MIRROR, self.machine.kernel, self.debian, suite, PACKAGES, MODULES, FREE, _FIRST))
        key = hashlib.sha256(said.encode()).hexdigest()[:12]
        self.folder = f"{images.cache()}/machine-{architecture}-{suite}-{key}"

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def make(self) -> None:
        """CalledProcessError, with the program's own words on stderr."""
        if os.path.exists(self.folder):
            return
        os.makedirs(images.cache(), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=images.cache(), prefix="unfinished-") as folder:
            root, made = f"{folder}/root", f"{folder}/made"
            os.mkdir(made)
            # Nothing of it is run on the way, so no emulator is needed.
            command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=extract", f"--architectures={self.debian}"]
            command += [f"--include={','.join((*PACKAGES, self.machine.kernel))}"]
            command += [self.suite, f"{folder}/root.tar", debian.MIRROR]
            _run(command)
            os.mkdir(root)
            _run(["tar", "-xf", f"{folder}/root.tar", "-C", root])
            release = _take_kernel(root, f"{made}/kernel")
            _run(["depmod", "-b", root, release])
            _make_initrd(root, release, f"{made}/initrd")
            python = os.readlink(f"{root}/usr/bin/python3")
            _compile(python, root, f"{root}/usr/lib/python3", f"{root}/usr/lib/{python}")
            _write(f"{made}/python", python)
            _make_disk(root, f"{made}/root.ext4")
            os.rename(made, self.folder)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _take_kernel(root: str, target: str) -> str:
    """Its release."""
    (kernel,) = glob.glob(f"{root}/boot/vmlinu[xz]-*")
    shutil.move(kernel, target)
    return os.path.basename(kernel).partition("-")[2]


def _make_initrd(root: str, release: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/modules")
        os.mkdir(f"{folder}/bin")
        shutil.copy(f"{root}/bin/busybox", f"{folder}/bin/busybox")
        for number, path in enumerate(_modules(f"{root}/lib/modules/{release}")):
            unpack = ["xz", "-dc"] if path.endswith(".xz") else ["cat"]
            with open(f"{folder}/modules/{number:02}-{os.path.basename(path)}", "wb") as file:
                subprocess.run([*unpack, path], check=True, stdout=file)
        _write(f"{folder}/init", _FIRST)
        with open(target, "wb") as file:
            found = subprocess.run(["find", ".", "-print0"], check=True, cwd=folder, stdout=subprocess.PIPE).stdout
            pack = ["busybox", "cpio", "-0", "-o", "-H", "newc"]
            subprocess.run(pack, check=True, cwd=folder, input=found, stdout=file, stderr=subprocess.DEVNULL)


def _modules(folder: str) -> list[str]:
    """The files of MODULES with what they depend on, in the order of insertion."""
    needs = {}
    with open(f"{folder}/modules.dep", encoding="utf-8") as file:
        for line in file:
            path, _, rest = line.partition(":")
            needs[path] = [*reversed(rest.split()), path]
    wanted = [path for name in MODULES for path in needs if os.path.basename(path).split(".")[0] == name]
    return [f"{folder}/{path}" for path in dict.fromkeys(need for path in wanted for need in needs[path])]


def _make_disk(root: str, target: str) -> None:
    said = subprocess.run(["du", "-s", "--block-size=1", root], check=True, capture_output=True, text=True).stdout
    with open(target, "wb") as file:
        file.truncate((int(said.split()[0]) + FREE) >> 20 << 20)
    # Without what kernels before 3.18 do not mount.
    _run(["mkfs.ext4", "-q", "-O", "^metadata_csum,^64bit", "-d", root, target])


def _compile(python: str, shown: str, *folders: str) -> None:
    """By this machine's Python where it has the guest's version: there, compiling takes longer than most commands."""
    if shutil.which(python):
        command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", shown, *folders]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _write(path: str, content: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path, 0o755)


def second_program(command: list[str], cgroups: str) -> str:
    """The guest's init, once it has its root: what a distribution's would do, and then the command."""
    lines = [
        "#!/bin/sh",
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8",
        "export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis",
        "mount -t proc proc /proc",
        "mount -t sysfs sys /sys",
        "mount -t devtmpfs dev /dev",
        "mkdir -p /dev/pts /dev/shm /mnt /media /opt /srv",
        "mount -t devpts -o ptmxmode=666 devpts /dev/pts",
        "mount -t tmpfs shm /dev/shm",
        "mount -t tmpfs run /run",
        "ln -s /proc/self/fd /dev/fd",
        "hostname machine",
        "ip link set lo up",
        f"modprobe -a -q {LOADED}",
        *guest.mount_cgroups(cgroups),
        "cd /machine/checkout",
        f"echo '{guest.BEGAN}'",
        # Through cat, because programs draw and colour for a console.
        f'{{ {shlex.join(command)}; echo "{guest.ENDED}$?"; }} </dev/null 2>&1 | cat',
        "busybox reboot -f",
    ]
    return "\n".join(lines) + "\n"


def _make_payload(folder: str, python: str, command: list[str], cgroups: str) -> str:
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
    _compile(python, checkout, *(f"{checkout}/{room}" for room in ("arch", "probes", "backends", "runtime")))
    _write(f"{folder}/payload/init", second_program(command, cgroups))
    _run(["tar", "-cf", archive, "-C", f"{folder}/payload", "."])
    return archive


def run(
    architecture: str,
    command: list[str],
    suite: str = "bookworm",
    cgroups: str = "v2",
    timeout: float = 300,
    show: Callable[[str], object] = lambda text: None,
) -> tuple[int, str]:
    """The command's exit status, and its output, which is also shown as it comes; of 124 and 125, the console's end."""
    image = Image(architecture, suite)
    image.make()
    machine = image.machine
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="machine-") as folder:
        with open(image.path("python")) as file:
            payload = _make_payload(folder, file.read(), command, cgroups)
        boot = [f"qemu-system-{names.by_name(architecture).qemu_system}", *machine.options.split(), "-accel", "tcg"]
        boot += ["-smp", "1", "-m", str(machine.memory), "-nodefaults", "-display", "none", "-serial", "stdio"]
        boot += ["-no-reboot", "-kernel", image.path("kernel"), "-initrd", image.path("initrd")]
        boot += ["-append", f"console={machine.console} quiet loglevel=1 panic=-1"]
        for disk in (image.path("root.ext4"), payload):
            boot += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
        console, ended = _attend(boot, timeout, show)
    if ended:
        return 124, f"{_last_lines(console)}\nmachine: ended after {timeout:g} seconds\n"
    status, output = guest.result(console, 0)
    return (status, output) if status != 125 else (status, _last_lines(output) + "\n")


def _attend(boot: list[str], timeout: float, show: Callable[[str], object]) -> tuple[str, bool]:
    """What the console said, and whether the guest had to be ended."""
    console: list[str] = []
    shown, hung = False, threading.Event()
    with subprocess.Popen(boot, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:

        def end() -> None:
            hung.set()
            process.kill()

        clock = threading.Timer(timeout, end)
        clock.start()
        try:
            for line in map(guest.text, process.stdout or ()):
                console.append(line)
                said, ended, _ = line.partition(guest.ENDED)
                if shown and said:
                    show(said)
                shown = (shown and not ended) or line.endswith(guest.BEGAN + "\n")
        except BaseException:
            process.kill()
            raise
        finally:
            clock.cancel()
    return "".join(console), hung.is_set()


def _last_lines(console: str) -> str:
    return "\n".join(console.splitlines()[-40:])


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="run a command on another machine, in QEMU")
    parser.add_argument("--arch", choices=tuple(MACHINES), required=True)
    parser.add_argument("--suite", default="bookworm", help="Debian's, of the kernel and of the root filesystem")
    parser.add_argument("--cgroups", choices=tuple(guest.HIERARCHIES), default="v2")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    for program, package in missing(given.arch):
        print(f"machine: there is no {program} here: install Debian's package {package}", file=sys.stderr)
        return 125
    status, output = run(given.arch, given.command, given.suite, given.cgroups, given.timeout, _show)
    if status in (124, 125):
        sys.stderr.write(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
