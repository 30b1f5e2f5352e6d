"""This machine."""

from __future__ import annotations

import os
import sys

from arch import kernel
from arch.mask import worn
from probes.host import Host, Outcome, Output, Trial
from probes.trial import run

_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_LIMIT = 5.0  # seconds for a program that is only asked for its version
_MOST = 4 * 1024 * 1024  # bytes of a file: nothing that is asked for comes near it


class LiveHost(Host):
    def read(self, path: str) -> str:
        content = b""
        with open(path, "rb", buffering=0) as file:
            # A sysctl refuses buffers that kmalloc cannot hold (ENOMEM), so never ask for much at once.
            while len(content) < _MOST and (block := file.read(65536)):
                content += block
        if path.endswith(".gz"):
            content = _unpack(content)
        return content.decode("utf-8", "replace")

    def names(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(os.listdir(folder)))

    def filesystem(self, path: str) -> int:
        return kernel.statfs_type(path)

    def link(self, path: str) -> str:
        return os.readlink(path)

    def program(self, name: str) -> str | None:
        for folder in (*os.environ.get("PATH", "").split(os.pathsep), *_FOLDERS):
            path = os.path.join(folder, name)
            if folder.startswith("/") and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        return None

    def output(self, *command: str) -> Output:
        import subprocess

        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT,
                env={**os.environ, "LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Output(-1, "", f"{command[0]} did not end within {_LIMIT:g} s")
        except OSError as error:
            return Output(127, "", str(error))
        return Output(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def attempt(self, trial: Trial) -> Outcome:
        return run(trial)

    def facts(self) -> dict[str, str]:
        name = os.uname()
        return {
            "sysname": name.sysname,
            "release": name.release,
            "version": name.version,
            "machine": name.machine,
            "bits": "64" if sys.maxsize > 2**32 else "32",
            "page_size": str(os.sysconf("SC_PAGE_SIZE")),
            "personality": _personality(),
            "executable": sys.executable or "",
            "euid": str(os.geteuid()),
            "egid": str(os.getegid()),
            "emulator": _emulator(),
            **_mask(),
        }


def _unpack(content: bytes) -> bytes:
    import zlib

    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _MOST)
    except zlib.error as error:
        raise OSError(5, f"not gzip: {error}") from error


def _mask() -> dict[str, str]:
    mask = worn()
    return {"mask": str(mask)} if mask else {}


def _emulator() -> str:
    """qemu-user shows its program what it should see at /proc/self and /proc/PID, and nowhere else."""
    try:
        program = os.path.basename(os.readlink("/proc/thread-self/exe"))
    except OSError:  # before Linux 3.17
        return ""
    return program if program.startswith("qemu-") else ""


def _personality() -> str:
    try:
        return f"{kernel.personality(kernel.PERSONALITY_QUERY):#x}"
    except OSError:
        return ""
