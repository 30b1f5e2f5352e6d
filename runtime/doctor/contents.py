"""What an image holds that decides whether it starts here: its first programs, its C library, its systemd.

Read from its layers, without mounting or running anything.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from arch import elf
from arch.elf import Executable
from arch.errors import ArchError

# path in the image, most bytes -> content; empty where there is no such file
Peek = Callable[[str, int], bytes]

_MOST = 64 << 20
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELL = "/bin/sh"
_LIBRARIES = ("lib64", "usr/lib64", "lib", "usr/lib", "lib32", "usr/lib32")
_TRIPLETS = {
    "x86_64": "x86_64-linux-gnu", "i386": "i386-linux-gnu", "arm64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf", "ppc64le": "powerpc64le-linux-gnu", "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
}  # fmt: skip
_SYSTEMD = ("usr/lib/systemd/systemd", "lib/systemd/systemd")
_GLIBC = re.compile(rb"GNU C Library [^\n]{0,120}?version (\d+)\.(\d+)")
_SYSTEMD_SHARED = re.compile(r"libsystemd-shared-(\d+)")
_SYSTEMD_OWN = re.compile(rb"\bsystemd[ -](\d{2,3})\b")


@dataclass(frozen=True)
class Program:
    """`problem`: why it could not be read as a program."""

    path: str
    executable: Executable | None
    problem: str = ""


@dataclass(frozen=True)
class Contents:
    """`platform` as the label has it ("linux/arm64"), `architecture` of it. `libc` is "glibc 2.36", "musl 1.2.5" or
    empty; `kernel` the oldest that it says to need; `systemd` its version, 0 for none; `boots` whether it is what the
    image starts."""

    platform: str
    architecture: str
    programs: tuple[Program, ...] = ()
    libc: str = ""
    kernel: tuple[int, int, int] | None = None
    systemd: int = 0
    boots: bool = False

    @property
    def main(self) -> Program | None:
        return next((program for program in self.programs if program.executable), None)


def read(peek: Peek, platform: str, architecture: str, settings: dict[str, object]) -> Contents:
    """`settings`: the image's own ("Entrypoint", "Cmd", "Env")."""
    names = _names(settings)
    programs = [found for name in [*names[:1], _SHELL] if (found := _program(peek, name, settings)) is not None]
    first = next((program.executable for program in programs if program.executable), None)
    libc, kernel = _libc(peek, first)
    tags = [program.executable.kernel for program in programs if program.executable and program.executable.kernel]
    return Contents(
        platform,
        architecture,
        tuple({program.path: program for program in programs}.values()),
        libc,
        max([*tags, *([kernel] if kernel else [])], default=None),
        _systemd(peek),
        bool(names) and (names[0].endswith("/systemd") or names[0] in ("/sbin/init", "/usr/sbin/init", "/init")),
    )


def _names(settings: dict[str, object]) -> list[str]:
    return [str(word) for key in ("Entrypoint", "Cmd") for word in (settings.get(key) or ())]  # type: ignore[attr-defined]


def _program(peek: Peek, name: str, settings: dict[str, object]) -> Program | None:
    environment = dict(str(line).partition("=")[::2] for line in settings.get("Env") or ())  # type: ignore[attr-defined]
    folders = environment.get("PATH", _PATH).split(":") if "/" not in name else [""]
    for folder in folders:
        path = f"{folder}/{name}" if folder else name
        content = peek(path.lstrip("/"), _MOST)
        if content:
            return _understood(path, content)
    return None


def _understood(path: str, content: bytes) -> Program:
    if content.startswith(b"#!"):
        return Program(path, None, "a script")
    try:
        return Program(path, elf.inspect(io.BytesIO(content)))
    except ArchError as error:
        return Program(path, None, str(error))


def _libc(peek: Peek, first: Executable | None) -> tuple[str, tuple[int, int, int] | None]:
    if first is None:
        return "", None
    if "ld-musl" in first.interpreter:
        return f"musl {_package(peek, 'musl')}".strip(), None
    folders = [f"{base}/{_TRIPLETS.get(first.architecture.name, '')}" for base in ("lib", "usr/lib")]
    for folder in [*folders, *_LIBRARIES]:
        content = peek(f"{folder}/libc.so.6", _MOST)
        if content and (program := _understood(folder, content).executable) and _same(program, first):
            version = _GLIBC.search(content)
            name = f"glibc {int(version[1])}.{int(version[2])}" if version else "glibc"
            return name, program.kernel
    return "", None


def _same(one: Executable, other: Executable) -> bool:
    return one.architecture is other.architecture


def _package(peek: Peek, name: str) -> str:
    """apk's database: a paragraph a package, P: its name, V: its version."""
    for paragraph in peek("lib/apk/db/installed", _MOST).decode("utf-8", "replace").split("\n\n"):
        lines = dict(line.partition(":")[::2] for line in paragraph.splitlines())
        if lines.get("P") == name:
            return lines.get("V", "").partition("-")[0]
    return ""


def _systemd(peek: Peek) -> int:
    for path in _SYSTEMD:
        content = peek(path, _MOST)
        program = _understood(path, content).executable if content else None
        if program is None:
            continue
        for name in program.needed:
            if shared := _SYSTEMD_SHARED.match(name):
                return int(shared[1])
        own = _SYSTEMD_OWN.search(content)
        return int(own[1]) if own else 0
    return 0
