"""Builds the one file that needs nothing: an executable with the program, its interpreter and their libraries inside.

    python3 ci/bundle.py --arch arm64 --output dist/runtime-arm64

For x86_64, arm, arm64 and ppc64le, on a machine with Debian's apt and dpkg, without running foreign code. What is
fetched and made on the way is kept in the cache of ci/images.py. docs/bundle.md says what is inside, and how it starts.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import io
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from ci import images, interpreter  # noqa: E402

# What zig calls the machines; its C library is musl, which starts on 2.6.32 without a word.
TARGETS = {
    "x86_64": "x86_64-linux-musl",
    "arm": "arm-linux-musleabihf",
    "arm64": "aarch64-linux-musl",
    "ppc64le": "powerpc64le-linux-musl",
}
FLAGS = ("-static", "-Os", "-s", "-Wall", "-Wextra", "-Werror")
ROOMS = ("arch", "probes", "backends", "runtime")
COMMANDS = {"runtime": "runtime.cli.main", "runtime-oci": "runtime.oci.main"}
MOST = 40 << 20  # bytes, of the file

SCRIPT = """\
import sys

_here = __file__.rpartition("/commands/")[0]
sys.path[:0] = [_here + "/program", _here + "/packages"]
sys.dont_write_bytecode = True

from {module} import main

sys.exit(main())
"""

# As ci/launcher.c has it: magic, key, offset and size of the archive, its CRC, nothing.
TRAILER = struct.Struct("<16s32sQQII")
MAGIC = b"runtime bundle 1"


class TooLong(Exception):
    """Something does not fit into what the launcher reads."""


def lay_out(architecture: str, suite: str, folder: str) -> None:
    """Everything that the file unpacks, into a new `folder`."""
    interpreter.make(architecture, suite, folder)
    sources = shutil.ignore_patterns("__pycache__", "*.pyc")
    for room in ROOMS:
        shutil.copytree(f"{ROOT}/{room}", f"{folder}/program/{room}", ignore=sources)
    interpreter.compile_all(f"{folder}/program", suite)
    os.mkdir(f"{folder}/commands")
    for name, module in COMMANDS.items():
        with open(f"{folder}/commands/{name}", "w", encoding="ascii") as file:
            file.write(SCRIPT.format(module=module))


def pack(folder: str) -> bytes:
    """A tar archive of the folder, the same for the same content: ustar, files and folders only, short names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for parent, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted((*folders, *files)):
                path = f"{parent}/{name}"
                member = archive.gettarinfo(path, path[len(folder) + 1 :])
                if len(member.name) > 99 or not (member.isdir() or member.isreg()):
                    raise TooLong(f"the launcher cannot unpack {member.name}: a name of 100 bytes or more, or a link")
                member.uid = member.gid = member.mtime = 0
                member.uname = member.gname = ""
                member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                if member.isdir():
                    archive.addfile(member)
                else:
                    with open(path, "rb") as file:
                        archive.addfile(member, file)
    return buffer.getvalue()


def join(launcher: bytes, archive: bytes) -> bytes:
    """The file: the launcher, the archive where a page begins, and the trailer."""
    padding = -len(launcher) % 4096
    key = hashlib.sha256(archive).hexdigest()[:32].encode()
    offset = len(launcher) + padding
    return launcher + bytes(padding) + archive + TRAILER.pack(MAGIC, key, offset, len(archive), zlib.crc32(archive), 0)


def compile_launcher(architecture: str) -> bytes:
    """CalledProcessError, with the compiler's words on stderr. Its cache makes the second time quick."""
    source = f"{ROOT}/ci/launcher.c"
    with open(source, "rb") as file:
        key = hashlib.sha256(file.read() + interpreter.TOOLS["ziglang"].encode()).hexdigest()[:12]
    made = f"{images.cache()}/launcher-{architecture}-{key}"
    if not os.path.exists(made):
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": f"{images.cache()}/zig"}
        command = [f"{interpreter.tool('ziglang')}/ziglang/zig", "cc", "-target", TARGETS[architecture], *FLAGS]
        command += ["-o", f"{made}.{os.getpid()}", source]
        subprocess.run(command, check=True, env=environment)
        os.rename(f"{made}.{os.getpid()}", made)
    with open(made, "rb") as file:
        return file.read()


def build(architecture: str, suite: str, output: str) -> int:
    """The size of the file. TooLong if it is larger than promised."""
    launcher = compile_launcher(architecture)
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        lay_out(architecture, suite, f"{folder}/bundle")
        content = join(launcher, pack(f"{folder}/bundle"))
    if len(content) > MOST:
        raise TooLong(f"{output} would have {len(content) >> 20} MiB, and {MOST >> 20} are the most")
    os.makedirs(os.path.dirname(os.path.abspath(output)), exist_ok=True)
    with open(f"{output}.new", "wb") as file:
        file.write(content)
    os.chmod(f"{output}.new", 0o755)
    os.replace(f"{output}.new", output)
    return len(content)


def main() -> int:
    parser = argparse.ArgumentParser(description="build the one file that needs nothing")
    parser.add_argument("--arch", choices=tuple(TARGETS), default=interpreter.host())
    parser.add_argument("--suite", choices=tuple(interpreter.PYTHONS), default=interpreter.SUITE, help="Debian's")
    parser.add_argument("--output", metavar="FILE", help="default: dist/runtime-ARCH")
    parser.add_argument("--fresh", action="store_true", help="fetch the packages again: Debian may have newer ones")
    given = parser.parse_args()
    output = given.output or f"{ROOT}/dist/runtime-{given.arch}"
    if given.fresh:
        for folder in glob.glob(f"{images.cache()}/packages-*"):
            shutil.rmtree(folder)
    print(f"{output}: {build(given.arch, given.suite, output) / (1 << 20):.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
