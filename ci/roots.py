"""The kernel, the initrd and the root filesystem of a machine in QEMU, made of Debian's packages without running them.

Kept in the cache of `ci/images.py` under a key of what went in; every guest starts from it unchanged.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

from arch import names
from ci import debian, images
from ci.cells import Machine

PACKAGES = (
    "base-files base-passwd bash busybox-static coreutils dash findutils grep gzip hostname iproute2 iptables kmod"
    " libc-bin mount passwd procps sed tar util-linux zstd e2fsprogs"
    " python3 python3-cffi-backend python3-click python3-distro python3-packaging python3-hypothesis python3-pytest"
).split()
# Of a suite whose package is older than pyproject.toml asks for: the oldest that it does.
NEWER = {"bullseye": ("click==8.0.0",)}
# What lies between the kernel and its root, where a kernel has it as modules.
MODULES = ("virtio_pci", "virtio_mmio", "virtio_ccw", "virtio_blk", "crc32c_generic", "ext4")
FREE = 2 << 30  # bytes beyond the root's own, of a sparse file
FETCHES, FETCH_SECONDS = 3, 300  # a mirror that stalls, or changes under the feet, is asked again

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


class NotFetched(Exception):
    """The mirror did not give what was asked for: nothing is said about what would have run."""


def missing(architecture: str, machine: Machine) -> list[tuple[str, str]]:
    """Programs that are not here, each with the Debian package that has it."""
    needed = [(f"qemu-system-{names.by_name(architecture).qemu_system}", machine.emulator)]
    needed += [("mmdebstrap", "mmdebstrap"), ("depmod", "kmod"), ("mkfs.ext4", "e2fsprogs")]
    return [(program, package) for program, package in (*needed, ("busybox", "busybox-static")) if not _found(program)]


def _found(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") is not None


class Root:
    """A folder of the cache."""

    def __init__(self, architecture: str, machine: Machine, suite: str) -> None:
        self.machine = machine
        self.debian = names.by_name(architecture).debian[0]
        self.suite = suite
        said = repr((debian.MIRROR, machine.kernel, self.debian, suite, PACKAGES, MODULES, FREE, _FIRST))
        said += repr(NEWER[suite]) if suite in NEWER else ""
        key = hashlib.sha256(said.encode()).hexdigest()[:12]
        self.folder = f"{images.cache()}/machine-{architecture}-{suite}-{key}"

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    @property
    def made(self) -> bool:
        return os.path.exists(self.folder)

    def make(self) -> None:
        """CalledProcessError, with the program's own words on stderr; NotFetched."""
        if self.made:
            return
        os.makedirs(images.cache(), exist_ok=True)
        with open(f"{images.cache()}/.machines", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.made:
                with tempfile.TemporaryDirectory(dir=images.cache(), prefix="unfinished-") as folder:
                    self._make(folder)

    def _make(self, folder: str) -> None:
        root, made = f"{folder}/root", f"{folder}/made"
        os.mkdir(made)
        self._fetch(f"{folder}/root.tar")
        os.mkdir(root)
        _run(["tar", "-xf", f"{folder}/root.tar", "-C", root])
        release = _take_kernel(root, f"{made}/kernel")
        _run(["depmod", "-b", root, release])
        _make_initrd(root, release, f"{made}/initrd")
        python = os.readlink(f"{root}/usr/bin/python3")
        _add_newer(NEWER.get(self.suite, ()), f"{root}/usr/local/lib/{python}/dist-packages")
        compile_for(python, root, f"{root}/usr/lib/python3", f"{root}/usr/lib/{python}")
        write(f"{made}/python", python)
        _make_disk(root, f"{made}/root.ext4")
        os.rename(made, self.folder)

    def _fetch(self, target: str) -> None:
        # Nothing of it is run on the way, so no emulator is needed.
        command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=extract", f"--architectures={self.debian}"]
        command += [f"--include={','.join((*PACKAGES, self.machine.kernel))}"]
        # A suite without releases can be older than it promised to be.
        command += ["--aptopt=Acquire::Check-Valid-Until false", "--aptopt=Acquire::Retries 3"]
        command += [self.suite, target, debian.MIRROR]
        for attempt in range(1, FETCHES + 1):
            try:
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=FETCH_SECONDS)
                return
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                print(f"machine: fetching {self.suite} of {self.debian}, {attempt} of {FETCHES}: {error}"[:300],
                      file=sys.stderr)  # fmt: skip
        raise NotFetched(f"{debian.MIRROR} did not give {self.suite} of {self.debian}; its words are above")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _add_newer(packages: tuple[str, ...], folder: str) -> None:
    for package in packages:
        command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
        try:
            _run([*command, "--only-binary=:all:", "--target", folder, package])
        except subprocess.CalledProcessError as error:
            raise NotFetched(f"pip did not give {package}; its words are above") from error


def _take_kernel(root: str, target: str) -> str:
    """Its release. Debian had it in /boot, and since 7.0 has it with its modules; some name it vmlinux."""
    (modules,) = glob.glob(f"{root}/lib/modules/*")
    release = os.path.basename(modules)
    (kernel,) = glob.glob(f"{root}/boot/vmlinu[xz]-{release}") or glob.glob(f"{modules}/vmlinu[xz]")
    shutil.move(kernel, target)
    return release


def _make_initrd(root: str, release: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/modules")
        os.mkdir(f"{folder}/bin")
        shutil.copy(f"{root}/bin/busybox", f"{folder}/bin/busybox")
        for number, path in enumerate(modules(f"{root}/lib/modules/{release}")):
            unpack = ["xz", "-dc"] if path.endswith(".xz") else ["cat"]
            with open(f"{folder}/modules/{number:02}-{os.path.basename(path)}", "wb") as file:
                subprocess.run([*unpack, path], check=True, stdout=file)
        write(f"{folder}/init", _FIRST)
        with open(target, "wb") as file:
            found = subprocess.run(["find", ".", "-print0"], check=True, cwd=folder, stdout=subprocess.PIPE).stdout
            pack = ["busybox", "cpio", "-0", "-o", "-H", "newc"]
            subprocess.run(pack, check=True, cwd=folder, input=found, stdout=file, stderr=subprocess.DEVNULL)


def modules(folder: str) -> list[str]:
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


def compile_for(python: str, shown: str, *folders: str) -> None:
    """By this machine's Python where it has the guest's version: there, compiling takes longer than most commands."""
    if shutil.which(python):
        command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", shown, *folders]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write(path: str, content: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    os.chmod(path, 0o755)
