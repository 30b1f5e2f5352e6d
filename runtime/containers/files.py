"""`cp`, `diff`, `export` and `commit`: a container's files."""

from __future__ import annotations

import os
import stat
import tarfile

from arch.inside import open_inside
from backends import catalogue
from backends.errors import BackendError
from backends.storage import owners
from backends.storage.limits import Limits
from backends.storage.unpack import unpack
from backends.storage.view import View
from backends.storage.whiteouts import CopyWhiteouts
from runtime import records
from runtime.containers import control, status
from runtime.containers.control import Target
from runtime.containers.root import as_inside, root
from runtime.errors import InvalidInput, NotFound, Problem, Unsupported, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from backends.contract import StorageBackend
    from runtime.images.store import ImageStore

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _layer(target: Target) -> tuple[StorageBackend, str]:
    storage = target.record["storage"]
    if "rootfs" in storage:
        raise Unsupported(
            f"container {target.label} runs a plain folder: what it changed there cannot be told from what was there",
            "`runtime export` gives the whole root",
        )
    backend: StorageBackend = catalogue.load("storage", storage["backend"])(storage["folder"])
    return backend, storage["layer"]


def changes(target: Target) -> list[tuple[str, str]]:
    """("A" | "C" | "D", path) for what differs from the image."""
    backend, layer = _layer(target)
    try:
        return _own_changes(list(backend.changes(layer)), _mount_points(target))
    except BackendError as error:
        raise Problem(str(error), error.hint) from error


def _mount_points(target: Target) -> frozenset[str]:
    return frozenset(mount["destination"] for mount in records.load(target.paths.bundle(target.identifier))["mounts"])


def _own_changes(found: list[tuple[str, str]], mounted: frozenset[str]) -> list[tuple[str, str]]:
    """Without what was only made to mount on, and the folders that changed for nothing else."""
    kept = [one for one in found if one[0] != "A" or not _made_for(one[1], mounted)]
    gone = {path for kind, path in found if (kind, path) not in kept}
    left = {path for _, path in kept}
    return [
        (kind, path)
        for kind, path in kept
        if kind != "C"
        or not any(one.startswith(path + "/") for one in gone)
        or any(one.startswith(path + "/") for one in left)
    ]


def _made_for(path: str, mounted: frozenset[str]) -> bool:
    return path in mounted or any(one.startswith(path + "/") for one in mounted)


def look(target: Target, path: str) -> dict[str, Any]:
    """What is at `path` inside: {"name", "size", "mode", "mtime", "linkTarget", "folder"}. NotFound."""
    with root(target) as base:
        return _look(base, target, path)


def _look(base: int, target: Target, path: str) -> dict[str, Any]:
    try:
        descriptor = open_inside(base, path, os.O_PATH | os.O_NOFOLLOW)
    except OSError as error:
        raise NotFound(f"container {target.label} has no {path}: {error.strerror}") from error
    try:
        seen = os.fstat(descriptor)
        link = os.readlink("", dir_fd=descriptor) if stat.S_ISLNK(seen.st_mode) else ""
    finally:
        os.close(descriptor)
    return {
        "name": os.path.basename(os.path.normpath(path)) or "/",
        "size": seen.st_size,
        "mode": seen.st_mode,
        "mtime": seen.st_mtime,
        "linkTarget": link,
        "folder": stat.S_ISDIR(seen.st_mode),
    }


def copy_out(target: Target, path: str, archive: BinaryIO) -> dict[str, Any]:
    """Writes the file or folder at `path` as a tar archive with its last name as the top; what it is, as `look`."""
    with root(target) as base:
        found = _look(base, target, path)
        # "x/." means the content of x, as for cp(1) and docker.
        content = path.endswith(("/.", "/"))
        parent = open_inside(base, path if content else os.path.dirname(path) or "/", _FOLDER & ~os.O_NOFOLLOW)
        try:
            as_inside(target, lambda: _write(archive, parent, "" if content else found["name"]))
        finally:
            os.close(parent)
        return found


def _write(archive: BinaryIO, folder: int, name: str) -> None:
    """One entry of a folder, or all of them without a name."""
    with tarfile.open(fileobj=archive, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        if name:
            _pack(tar, folder, name if name != "/" else ".", name)
        else:
            _pack_below(tar, folder, ".")
    archive.flush()


def export(target: Target, archive: BinaryIO) -> None:
    """The whole root, mounts left out, as a tar archive with names relative to it."""
    with root(target) as base:
        top = os.open(".", _FOLDER, dir_fd=base)
        try:
            as_inside(target, lambda: _write_root(archive, top))
        finally:
            os.close(top)


def _write_root(archive: BinaryIO, top: int) -> None:
    with tarfile.open(fileobj=archive, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _pack_below(tar, top, "", os.fstat(top).st_dev)
    archive.flush()


def _pack(tar: tarfile.TarFile, folder: int, name: str, label: str, device: int = -1) -> None:
    """One entry of a folder and all below it; links are packed, not followed, whatever becomes of them meanwhile."""
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return  # gone while we read
    entry = tarfile.TarInfo(label)
    entry.mode, entry.uid, entry.gid = owners.below(folder, name, seen)
    entry.mtime = seen.st_mtime
    if stat.S_ISREG(seen.st_mode):
        _pack_file(tar, folder, name, entry)
    elif stat.S_ISDIR(seen.st_mode):
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
        if device in (-1, seen.st_dev):
            inner = os.open(name, _FOLDER, dir_fd=folder)
            try:
                _pack_below(tar, inner, label, device)
            finally:
                os.close(inner)
    elif stat.S_ISLNK(seen.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=folder)
        tar.addfile(entry)
    elif not stat.S_ISSOCK(seen.st_mode):
        kinds = {stat.S_IFIFO: tarfile.FIFOTYPE, stat.S_IFCHR: tarfile.CHRTYPE, stat.S_IFBLK: tarfile.BLKTYPE}
        entry.type = kinds[stat.S_IFMT(seen.st_mode)]
        entry.devmajor, entry.devminor = os.major(seen.st_rdev), os.minor(seen.st_rdev)
        tar.addfile(entry)


def _pack_below(tar: tarfile.TarFile, folder: int, label: str, device: int = -1) -> None:
    for name in sorted(os.listdir(folder)):
        _pack(tar, folder, name, f"{label}/{name}" if label else name, device)


def _pack_file(tar: tarfile.TarFile, folder: int, name: str, entry: tarfile.TarInfo) -> None:
    with open(os.open(name, _FILE, dir_fd=folder), "rb") as file:
        entry.size = os.fstat(file.fileno()).st_size
        entry.pax_headers = _attributes(file.fileno())
        tar.addfile(entry, file)


def _attributes(descriptor: int) -> dict[str, str]:
    """Extended attributes as pax headers, file capabilities among them."""
    found = {}
    for name in os.listxattr(descriptor):
        if name.startswith(("security.capability", "user.")) and name.encode() != owners.OWNER:
            value = os.getxattr(descriptor, name)
            found[f"SCHILY.xattr.{name}"] = value.decode("utf-8", "surrogateescape")
    return found


def copy_in(target: Target, folder: str, archive: BinaryIO) -> None:
    """Unpacks a tar archive into a folder inside, which must exist; names and links in it never lead out of it."""
    with root(target) as base:
        try:
            place = open_inside(base, folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise NotFound(f"container {target.label} has no folder {folder}: {error.strerror}") from error
        try:
            as_inside(target, lambda: _lay(archive, place))
        except BackendError as error:
            raise InvalidInput(f"cannot copy into container {target.label}: {error}", error.hint) from error
        except OSError as error:
            raise explain(error, f"copy into container {target.label}") from error
        finally:
            os.close(place)


def _lay(archive: BinaryIO, place: int) -> None:
    with View([]) as view:
        unpack(archive, f"/proc/self/fd/{place}/.", CopyWhiteouts(), view, Limits())


def commit(
    images: ImageStore,
    target: Target,
    image: str,
    message: str,
    author: str,
    changes: tuple[str, ...],
    pause: bool = True,
) -> str:
    """A new image of the container's layer on its image's; its id."""
    _, layer = _layer(target)
    paused = pause and target.status.name == status.RUNNING
    if paused:
        control.pause(target)
    try:
        config = _own_config(target)
        base = target.record["image"]["id"] or None
        return images.commit(layer, base, config, image, message, author, changes).id
    except BackendError as error:
        raise Problem(str(error), error.hint) from error
    finally:
        if paused:
            control.unpause(Target(target.paths, target.record, status.observe(target.paths, target.record)))


def _own_config(target: Target) -> dict[str, Any]:
    """The image's settings with what the container's request said in their place."""
    request, config = target.record["request"], dict(target.record["image"]["config"])
    process = records.load(target.paths.bundle(target.identifier))["process"]
    config["Env"] = [line for line in process["env"] if not line.startswith(("HOSTNAME=", "HOME=", "TERM="))]
    config["WorkingDir"] = process["cwd"]
    said = {"User": "user", "Cmd": "command", "Entrypoint": "entrypoint", "StopSignal": "stop_signal"}
    config.update({key: request[name] for key, name in said.items() if name in request})
    if request.get("labels"):
        config["Labels"] = {**(config.get("Labels") or {}), **request["labels"]}
    return config
