"""Which libraries a program of this machine needs, and where they are: what ld.so does, without running anything.

Order of search, from ld.so(8): DT_RPATH where there is no DT_RUNPATH, DT_RUNPATH, what /etc/ld.so.conf lists (the cache
is made of it), the default folders. musl reads /etc/ld-musl-ARCH.path instead.
"""

from __future__ import annotations

import glob
import os

from arch import elf
from arch.errors import ArchError
from runtime.images.host_programs import LIBRARIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arch.elf import Executable

_INCLUDES_LIMIT = 10


class Libraries:
    def __init__(self) -> None:
        self._folders: list[str] | None = None
        self._inspected: dict[str, Executable | None] = {}

    def inspect(self, path: str) -> Executable | None:
        """What an executable or library asks for; None for what is no ELF file of a machine that we know."""
        if path not in self._inspected:
            try:
                with open(path, "rb") as file:
                    self._inspected[path] = elf.inspect(file)
            except (ArchError, OSError):
                self._inspected[path] = None
        return self._inspected[path]

    def of(self, path: str) -> dict[str, str] | None:
        """Everything that a program needs, {where it expects it: the file that is there}, its interpreter included;
        None if something is not to be found, so that the program could not run."""
        program = self.inspect(path)
        if program is None:
            return None
        found: dict[str, str] = {}
        if program.interpreter:
            if not os.path.exists(program.interpreter):
                return None
            found[program.interpreter] = os.path.realpath(program.interpreter)
        pending = [(path, program)]
        seen: set[str] = set()
        while pending:
            origin, one = pending.pop()
            for name in one.needed:
                if name in seen:
                    continue
                seen.add(name)
                place = self.find(name, origin, one, program)
                if place is None:
                    return None
                found[place] = os.path.realpath(place)
                library = self.inspect(found[place])
                if library is not None:
                    pending.append((place, library))
        return found

    def find(self, name: str, origin: str, asking: Executable, program: Executable) -> str | None:
        if "/" in name:
            return name if os.path.exists(name) else None
        run_path = asking.runpath or asking.rpath or program.rpath
        folders = [_expand(folder, origin) for folder in run_path.split(":") if folder]
        for folder in folders + self._system(program):
            place = os.path.join(folder, name)
            if os.path.isfile(place):
                library = self.inspect(os.path.realpath(place))
                if library is not None and library.architecture is program.architecture:
                    return place
        return None

    def _system(self, program: Executable) -> list[str]:
        if self._folders is None:
            folders = [*_configured("/etc/ld.so.conf", _INCLUDES_LIMIT), *_musl(program.interpreter)]
            # The loader lies beside its C library: on Debian in a folder of its architecture, which no file names.
            beside = os.path.dirname(os.path.realpath(program.interpreter)) if program.interpreter else "/lib"
            folders += [beside, *sorted(glob.glob("/usr/lib/*-linux-*")), *LIBRARIES]
            self._folders = list(dict.fromkeys(folder for folder in folders if os.path.isdir(folder)))
        return self._folders


def _expand(folder: str, origin: str) -> str:
    here = os.path.dirname(os.path.realpath(origin))
    return folder.replace("${ORIGIN}", here).replace("$ORIGIN", here)


def _configured(path: str, depth: int) -> list[str]:
    """The folders of ld.so.conf(5), its includes followed."""
    folders: list[str] = []
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read(1 << 20).splitlines()
    except OSError:
        return folders
    for line in lines:
        text = line.partition("#")[0].strip()
        if text.startswith("include ") and depth:
            for included in sorted(glob.glob(os.path.join(os.path.dirname(path), text[8:].strip()))):
                folders += _configured(included, depth - 1)
        elif text.startswith("/"):
            folders.append(text.rstrip("/") or "/")
    return folders


def _musl(interpreter: str) -> list[str]:
    name = os.path.basename(interpreter)
    if not name.startswith("ld-musl-"):
        return []
    try:
        with open(f"/etc/{name.partition('.')[0]}.path", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(1 << 16)
    except OSError:
        return []
    return [folder for folder in text.replace("\n", ":").split(":") if folder]
