"""What attacks of a container on its runtime are made of: programs to be executed, racing processes, other kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.backends.execution import bundles
from tests.runtime.oci.conftest import Oci

INTERPRETER = os.path.realpath(sys.executable)

# The command, with something done to it before it begins.
_ALTERED = """
import sys
sys.path.insert(0, {repository!r})
{preamble}
sys.argv[0] = "runtime-oci"
from runtime.oci.front import run
code = run(sys.argv[1:])
sys.stdout.flush()
import os
os._exit(code)
"""
BLIND = """
from backends.execution.steps import program
program.inspect = lambda context: None
"""
# Load the number; openat2's is answered with ENOSYS, all others are allowed.
MASKED = """
from arch import kernel, syscalls
number = syscalls.number("openat2", "x86_64").to_bytes(4, "little")
answers = (0x00050000 | 38).to_bytes(4, "little"), (0x7FFF0000).to_bytes(4, "little")
program = bytes.fromhex("2000000000000000") + bytes.fromhex("15000001") + number
kernel.seccomp_filter(program + b"".join(bytes.fromhex("06000000") + answer for answer in answers))
"""


class Altered(Oci):
    """`preamble`: BLIND, so that the look at the program before its execution comes too early; or MASKED, for a kernel
    without openat2."""

    preamble = ""

    def command(self, *arguments: str) -> list[str]:
        text = _ALTERED.format(repository=os.getcwd(), preamble=self.preamble)
        return [sys.executable, "-c", text, "--root", self.root, *arguments]


def altered(oci: Oci, preamble: str) -> Oci:
    other = Altered(oci.folder, oci.rootfs)
    other.preamble, other.name = preamble, oci.name
    return other


def script(oci: Oci, path: str, interpreter: str, mode: int = 0o755) -> None:
    with open(oci.rootfs + path, "w", encoding="utf-8") as stream:
        stream.write(f"#!{interpreter}\n")
    os.chmod(oci.rootfs + path, mode)


def furnish(oci: Oci) -> dict[str, str]:
    """The loader and the libraries of our interpreter, for an image that wants it executed; and an environment in which
    it then stands still for ever, at the opening of a fifo."""
    for library in bundles._libraries(INTERPRETER):
        target = oci.rootfs + library
        os.makedirs(os.path.dirname(target), exist_ok=True)
        subprocess.run(["cp", "-L", library, target], check=True)
    os.mkfifo(f"{oci.rootfs}/still")
    return {"LD_PRELOAD": "/still"}


_SWAP = """
import os, sys
sys.path.insert(0, sys.argv[1])
from arch import kernel
print("ready", flush=True)
while True:
    kernel.renameat2(-100, sys.argv[2], -100, sys.argv[3], 2)
"""


@contextmanager
def swapping(one: str, other: str) -> Iterator[None]:
    """A process that exchanges two names as quickly as it can, as one with a shared volume would."""
    command = [sys.executable, "-I", "-c", _SWAP, os.getcwd(), one, other]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield
            assert process.poll() is None, "the attacker gave up"
        finally:
            process.kill()
