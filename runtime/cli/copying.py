"""What `cp` means: docker's rules, which are those of cp(1) -a with a trailing "/." for a folder's content.

the target is a folder            the source goes into it, under its own name
the target does not exist         the source gets its name; its folder must exist
the target is a file              a file replaces it; a folder is an error
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from dataclasses import dataclass

from runtime.cli.session import engine
from runtime.containers import files
from runtime.errors import InvalidInput, NotFound, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_SPOOL = 16 << 20  # bytes of an archive that are kept in memory


@dataclass(frozen=True)
class Place:
    """`container` is empty for the host; `path` "-" is a tar archive on standard input or output."""

    container: str
    path: str

    @property
    def content(self) -> bool:
        """Whether a folder's content is meant, not the folder."""
        return self.path.endswith("/.") or self.path == "."


def place(text: str) -> Place:
    """docker's rule: what begins with / or . is the host's; otherwise a colon ends a container's name."""
    if text.startswith(("/", ".")) or text == "-":
        return Place("", text)
    container, colon, path = text.partition(":")
    return Place(container, path or "/") if colon else Place("", text)


def copy(source: str, target: str, keep_owners: bool, follow: bool) -> None:
    """InvalidInput, NotFound, Problem."""
    origin, destination = place(source), place(target)
    if bool(origin.container) == bool(destination.container):
        both = origin.container and destination.container
        raise InvalidInput(
            "copying between containers is not possible" if both else "neither side is in a container",
            "write one side as CONTAINER:PATH",
        )
    if origin.container:
        _out(origin, destination)
    else:
        _in(origin, destination, keep_owners, follow)


# --------------------------------------------------------------------------------------------------- out of it


def _out(origin: Place, destination: Place) -> None:
    if destination.path == "-":
        from runtime.cli.archives import writing

        with writing("") as archive:
            engine().copy_out(origin.container, origin.path, archive)
        return
    with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
        found = engine().copy_out(origin.container, origin.path, spool)  # type: ignore[arg-type]
        spool.seek(0)
        folder, name = _host_target(destination.path, found, origin.content)
        _unpack(spool, folder, found["name"], name)


def _host_target(path: str, found: dict[str, Any], content: bool) -> tuple[str, str]:
    """The folder to unpack in, and the name that the top gets there; an empty name for a folder's content."""
    if os.path.isdir(path):
        return (path, "") if content else (path, found["name"])
    if path.endswith("/") and not found["folder"]:
        raise NotFound(f"the folder {path} does not exist", "make it first")
    parent, name = os.path.split(os.path.abspath(path))
    if not os.path.isdir(parent):
        raise NotFound(f"the folder {parent} does not exist", "make it first")
    if found["folder"] and os.path.lexists(path):
        raise InvalidInput(f"{path} is a file, and {found['name']} is a folder", "give the path of a folder")
    if content:
        os.mkdir(path)
        return path, ""
    return parent, name


def _unpack(archive: Any, folder: str, top: str, name: str) -> None:
    """Unpacks beneath `folder`. What comes out of a container is its word only: names and links that lead out of the
    folder are refused, and owners are the caller's, as docker's are."""
    with tarfile.open(fileobj=archive, mode="r:") as tar:
        for entry in tar:
            entry.name = _renamed(entry.name, top, name)
            if entry.islnk():
                entry.linkname = _renamed(entry.linkname, top, name)
            if entry.name in ("", "."):
                continue
            _extract(tar, entry, folder)


def _renamed(path: str, top: str, name: str) -> str:
    head, slash, rest = path.lstrip("/").removeprefix("./").partition("/")
    if name and head == top:
        return name + slash + rest
    return head + slash + rest


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: str) -> None:
    from arch.inside import make_directories, parent_inside

    if ".." in entry.name.split("/") or "\0" in entry.name:
        raise InvalidInput(f"the container's archive has the name {entry.name!r}, which leads out of {folder}")
    base = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if entry.isdir():
            made = make_directories(base, entry.name, entry.mode | 0o700)
            os.close(made)
            return
        parent, name = parent_inside(base, entry.name, make=True)
        try:
            _put(tar, entry, parent, name)
        finally:
            os.close(parent)
    except OSError as error:
        raise explain(error, f"write {os.path.join(folder, entry.name)}") from error
    finally:
        os.close(base)


def _put(tar: tarfile.TarFile, entry: tarfile.TarInfo, parent: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    if entry.issym():
        os.symlink(entry.linkname, name, dir_fd=parent)
    elif entry.isreg():
        source = tar.extractfile(entry)
        assert source is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(name, flags, 0o600, dir_fd=parent), "wb") as file:
            while block := source.read(1 << 20):
                file.write(block)
            os.fchmod(file.fileno(), entry.mode & 0o777)
            os.utime(file.fileno(), (entry.mtime, entry.mtime))
    elif entry.isfifo():
        os.mkfifo(name, entry.mode & 0o777, dir_fd=parent)
    # Device nodes are left out: nobody asked for a host's disk in a home folder.


# ------------------------------------------------------------------------------------------------------ into it


def _in(origin: Place, destination: Place, keep_owners: bool, follow: bool) -> None:
    if origin.path == "-":
        from runtime.cli.archives import reading

        with reading("-") as archive:
            engine().copy_in(destination.container, destination.path, archive)
        return
    if not os.path.lexists(origin.path):
        raise NotFound(f"there is no {origin.path} on the host")
    folder, name = _container_target(origin, destination, follow)
    with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
        _pack(origin, name, spool, keep_owners, follow)  # type: ignore[arg-type]
        spool.seek(0)
        engine().copy_in(destination.container, folder, spool)  # type: ignore[arg-type]


def _container_target(origin: Place, destination: Place, follow: bool) -> tuple[str, str]:
    """The folder inside to unpack in, and the name of the top there; an empty name for a folder's content."""
    target = engine().target(destination.container)
    source_is_folder = os.path.isdir(origin.path) and (follow or not os.path.islink(origin.path.rstrip("/")))
    found = _look(target, destination.path)
    own = os.path.basename(os.path.abspath(origin.path))
    if found is not None and found["folder"]:
        return destination.path, "" if origin.content else own
    if found is not None and source_is_folder:
        raise InvalidInput(f"{destination.path} is a file in {target.label}, and {origin.path} is a folder")
    if found is None and destination.path.endswith("/") and not source_is_folder:
        raise NotFound(f"container {target.label} has no folder {destination.path}", "make it with `exec mkdir`")
    parent, name = os.path.split(destination.path.rstrip("/"))
    return parent or "/", name


def _look(target: Any, path: str) -> dict[str, Any] | None:
    """What is there, through links; None if nothing is."""
    try:
        return files.look(target, path.rstrip("/") + "/.") if path.rstrip("/") else files.look(target, "/.")
    except NotFound:
        pass
    try:
        return files.look(target, path)
    except NotFound:
        return None


def _pack(origin: Place, name: str, archive: BinaryIO, keep_owners: bool, follow: bool) -> None:
    """The source under `name` at the top, owned by root unless owners are kept."""

    def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if not keep_owners:
            entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    path = os.path.realpath(origin.path) if follow else os.path.abspath(origin.path)
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        try:
            if name:
                tar.add(path, name, filter=owned)
                return
            for child in sorted(os.listdir(path)):
                tar.add(os.path.join(path, child), child, filter=owned)
        except OSError as error:
            raise explain(error, f"read {origin.path}") from error
