"""`@host`: an image that needs no download, made of this machine's own shell and core programs and the libraries that
their ELF headers ask for. It works on every architecture, because it looks only at what is here.

Of the same files it is the same image to the bit.
"""

from __future__ import annotations

import os
import stat

from runtime.errors import Damaged, NotFound, Unsupported
from runtime.images import host_state, keeping, making, platforms, tarball
from runtime.images.blobs import BlobStore
from runtime.images.host_libraries import Libraries
from runtime.images.host_programs import (
    DIRECTORIES,
    FOLDERS,
    LOADED,
    MERGED,
    PATH,
    SHELLS,
    TERMINALS,
    TERMINFO,
    TEXTS,
)
from runtime.images.host_state import HOST
from runtime.images.making import HashedWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import StorageBackend
    from runtime.images.models import Descriptor
    from runtime.paths import Paths

_CHUNK = 1 << 20


def make(paths: Paths, storage: StorageBackend) -> str:
    """Makes the image and gives it its name; its identifier. Unsupported without any shell."""
    programs = host_state.programs()
    contents = Contents(programs)
    identifier = _make(paths, storage, contents)
    host_state.remember(paths, identifier, programs, contents.sources())
    return identifier


class Contents:
    """What goes into the image: `files` is {place in the image: file here}, `texts` what is made up."""

    def __init__(self, programs: dict[str, str]) -> None:
        self.files: dict[str, str] = {}
        self.texts = dict(TEXTS)
        self.links: dict[str, str] = {}
        self._libraries = Libraries()
        for name, path in programs.items():
            self._add_program(name, path)
        present = [shell for shell in SHELLS if f"usr/bin/{shell}" in self.files]
        if not present:
            raise Unsupported(
                f"{HOST} cannot be made: neither of {', '.join(SHELLS)} can be taken from {', '.join(FOLDERS)}",
                "load an image instead, or install busybox",
            )
        self.shell = "/bin/bash" if "bash" in present else "/bin/sh"
        if "sh" not in present:
            self.links["usr/bin/sh"] = present[0]
        self._add_extras()

    def sources(self) -> list[str]:
        return sorted(set(self.files.values()))

    def _add_program(self, name: str, path: str) -> None:
        real = os.path.realpath(path)
        libraries = self._libraries.of(real)
        if libraries is None and not _shell_script(real):
            return
        self.files[f"usr/bin/{name}"] = real
        for place, file in (libraries or {}).items():
            self.files[_place(place)] = file

    def _add_extras(self) -> None:
        shell = self._libraries.inspect(self.files.get("usr/bin/sh") or self.files["usr/bin/busybox"])
        if shell is not None and shell.interpreter:
            for name in LOADED:
                place = self._libraries.find(name, shell.interpreter, shell, shell)
                if place is not None:
                    self.files[_place(place)] = os.path.realpath(place)
        for terminal in TERMINALS:
            for folder in TERMINFO:
                path = f"{folder}/{terminal[0]}/{terminal}"
                if os.path.isfile(path):
                    self.files[f"usr/share/terminfo/{terminal[0]}/{terminal}"] = os.path.realpath(path)
                    break
        for path in ("/etc/os-release", "/usr/lib/os-release"):
            if os.path.isfile(path):
                self.files["etc/os-release"] = os.path.realpath(path)
                break
        # Libraries from folders that the loader does not look into by itself are found through its cache.
        if os.path.isfile("/etc/ld.so.cache") and self._beyond():
            self.files["etc/ld.so.cache"] = "/etc/ld.so.cache"

    def _beyond(self) -> bool:
        return any(".so" in place and place.startswith("usr/local/") for place in self.files)


def _place(path: str) -> str:
    """Where a file is in an image whose /bin, /lib and so on are links into /usr."""
    parts = [part for part in os.path.normpath(path).split("/") if part]
    return "/".join(["usr", *parts] if parts[0] in MERGED else parts)


def _shell_script(path: str) -> bool:
    with open(path, "rb") as file:
        first = file.readline(256)
    words = first[2:].split() if first.startswith(b"#!") else []
    return bool(words) and words[0] in (b"/bin/sh", b"/usr/bin/sh", b"/bin/bash", b"/usr/bin/bash")


def _make(paths: Paths, storage: StorageBackend, contents: Contents) -> str:
    lock = keeping.adding(paths)
    try:
        layer = _pack(BlobStore(paths.blobs), contents)
        platform = platforms.host()
        newest = max(int(os.stat(path).st_mtime) for path in contents.sources())
        document: dict[str, Any] = {
            "created": making.moment(newest),
            "architecture": platform.architecture,
            **({"variant": platform.variant} if platform.variant else {}),
            "os": platform.os,
            "config": {"Env": [f"PATH={PATH}"], "Cmd": [contents.shell], "WorkingDir": "/"},
            "history": [{"created_by": "this machine's own programs", "comment": HOST}],
        }
        return making.make(paths, storage, document, [layer], (HOST,))
    finally:
        lock.release()
        keeping.collect(paths, storage, wait=False)


def _pack(blobs: BlobStore, contents: Contents) -> tuple[str, Descriptor]:
    with blobs.incoming() as incoming:
        writer = HashedWriter(incoming)
        _write(writer, contents)
        digest = writer.digest
        return digest, making.publish(incoming, digest)


def _write(writer: HashedWriter, contents: Contents) -> None:
    folders = dict(DIRECTORIES)
    places = [*contents.files, *contents.texts, *contents.links]
    used = {place.split("/")[1] for place in places if place.startswith("usr/")}
    for place in places:
        while place := place.rpartition("/")[0]:
            folders.setdefault(place, 0o755)
    for folder in sorted(folders):
        writer.write(tarball.header(folder, 0, tarball.FOLDER, folders[folder]))
    for name in MERGED:
        if name in used or f"usr/{name}" in folders:
            writer.write(tarball.header(name, 0, tarball.SYMLINK, 0o777, f"usr/{name}"))
    for place in sorted(contents.links):
        writer.write(tarball.header(place, 0, tarball.SYMLINK, 0o777, contents.links[place]))
    for place in sorted(contents.texts.keys() - contents.files.keys()):
        text = contents.texts[place].encode()
        writer.write(tarball.header(place, len(text)) + text + tarball.padding(len(text)))
    written: dict[str, str] = {}
    for place in sorted(contents.files):
        _write_file(writer, place, contents.files[place], written)


def _write_file(writer: HashedWriter, place: str, path: str, written: dict[str, str]) -> None:
    """A file that has another name already becomes a link: programs that are many in one look at their name."""
    if path in written:
        writer.write(tarball.header(place, 0, tarball.LINK, 0o755, written[path]))
        return
    try:
        with open(path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            # Nothing in here gains rights by being run: no set-uid, no file capabilities.
            mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            writer.write(tarball.header(place, status.st_size, mode=mode))
            left = status.st_size
            while left:
                content = file.read(min(left, _CHUNK))
                if not content:
                    raise Damaged(f"{path} became shorter while it was read", "try again")
                writer.write(content)
                left -= len(content)
            writer.write(tarball.padding(status.st_size))
    except FileNotFoundError:
        raise NotFound(f"{path} disappeared while {HOST} was made", "try again") from None
    written[path] = place
