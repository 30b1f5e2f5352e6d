"""Layers as folders that the kernel's overlay file system shows as one tree. On the launch path."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.errors import StorageError
from backends.storage.mountinfo import plain
from backends.storage.store import LayerStore, Sight, storage_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from backends.storage.changes import Change
    from backends.storage.record import Record
    from backends.storage.registry import Making
    from backends.storage.shift import Owners
    from backends.storage.view import View
    from backends.storage.whiteouts import AufsWhiteouts, OverlayWhiteouts

# mount(2): the options must fit one page, with their final zero; 4096 is the smallest there is.
_PAGE = 4096

# Off, so that a layer's folder holds plain files, whatever this kernel was configured to prefer: redirected folders
# (4.10), inode indexes (4.13), files without their content (4.19). A kernel refuses options that it does not know.
_PINNED = ("redirect_dir", "index", "metacopy")
_PARAMETERS = "/sys/module/overlay/parameters"

# What has a meaning of its own between the options of an overlay.
_SPECIAL = frozenset(',:\\"')


class OverlayStorage(LayerStore):
    """A container starts at once: its layer is an empty folder over its image's. Every layer holds what it changed; one
    that stands on more layers than `deepest` is a whole tree, made of hard links, because one page of options has to
    name what a container stands on."""

    name = "overlay"
    title = "the kernel's overlay file system"
    kind = "overlay"  # mount(2)'s
    dialect = ""  # options that its mounts have besides
    pinned: tuple[str, ...] = _PINNED
    deepest = 127

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        """A writable layer that is mounted `read_only` shows what it holds now, also while it is mounted elsewhere."""
        record = self.registry.get(layer)
        if not read_only and not record.writable:
            raise StorageError(f"the layer {layer} is an image's: it can only be mounted read-only")
        options = self._options(record, read_only, label)
        flags = kernel.MS_RDONLY if read_only else 0
        try:
            if owners is None:
                self._mount(os.path.abspath(target), flags, options)
            else:
                self._mount_shifted(os.path.abspath(target), flags, options, owners)
        except OSError as error:
            raise _mount_error(layer, target, error) from error
        return target

    def _options(self, record: Record, read_only: bool, label: str) -> str:
        """mount(2)'s, with paths from the store's folder on."""
        options = self._lower(record, read_only)
        if not read_only:
            options += self._upper(record)
        options += "".join(f",{name}=off" for name in _pinned() if name in self.pinned) + self.dialect
        return options + (f',context="{label}"' if label else "")

    def _upper(self, record: Record) -> str:
        return f",upperdir=layers/{record.name}/tree,workdir=layers/{record.name}/work"

    def mounted(self, layer: str) -> bool:
        try:
            record = self.registry.get(layer)
        except StorageError:
            return False  # a damaged or missing record: whoever asks next says so
        signs = [f"layers/{layer}/"]
        if record.link:
            signs += [f"links/{record.link}{after}" for after in ":, "]
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            lines = [plain(line.rstrip("\n")) + " " for line in mounts if f" - {self.kind} " in line]
        ours = f" {self._source()} "
        return any((sign if ours in line else f"{self.folder}/{sign}") in line for line in lines for sign in signs)

    def _source(self) -> str:
        """The device's name, as mountinfo shows it, of mounts whose options do not name the store."""
        status = os.stat(self.folder)
        return f"overlay-{status.st_dev:x}-{status.st_ino:x}"

    def _lower(self, record: Record, read_only: bool) -> str:
        lower = [f"links/{link}" for link in record.links]
        if read_only:
            lower.insert(0, f"layers/{record.name}/tree" if record.writable else f"links/{record.link}")
        # Without an upper folder overlay wants two lower ones, and with one it wants one.
        while len(lower) < (2 if read_only else 1):
            lower.append(self._empty())
        return "lowerdir=" + ":".join(lower)

    def _empty(self) -> str:
        try:
            os.mkdir(f"{self.folder}/empty", 0o755)
        except FileExistsError:
            pass
        return "empty"

    def _mount_shifted(self, target: str, flags: int, options: str, owners: Owners) -> None:
        """Over the store as the user namespace is to see it. Overlay keeps what it needs of that mount."""
        from backends.storage import shift

        shift.show(self.folder, target, owners)
        try:
            # Overlay works in its upper folder as who mounted it, and there our own id stands for nobody.
            self._mount_from(target, self._source(), target, flags, options, owners)
        except BaseException:
            kernel.umount(target, kernel.MNT_DETACH)
            raise

    def _mount(self, target: str, flags: int, options: str) -> None:
        # Absolute paths, which people can read in mountinfo, while they fit; else relative ones.
        if not _SPECIAL.intersection(self.folder):
            absolute = _absolute(options, self.folder)
            if len(os.fsencode(absolute)) < _PAGE:
                self._call("overlay", target, flags, absolute)
                return
        self._mount_from(self.folder, self._source(), target, flags, options)

    def _mount_from(
        self,
        folder: str,
        source: str,
        target: str,
        flags: int,
        options: str,
        owners: Owners | None = None,
        paged: bool = True,
    ) -> None:
        """In a child, because the working folder, and who one is, belong to the whole process."""
        if paged and len(os.fsencode(options)) >= _PAGE:
            raise OSError(errno.E2BIG, "more layers than one page of mount options can name")
        child = os.fork()
        if child == 0:
            status = 255
            try:
                os.chdir(folder)
                if owners is not None:
                    owners.impersonate()
                self._call(source, target, flags, options)
                status = 0
            except OSError as error:
                status = error.errno or 255
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            raise OSError(status, os.strerror(status), target)

    def _call(self, source: str, target: str, flags: int, options: str) -> None:
        """The call itself; the working folder is where relative paths begin."""
        kernel.mount(source, target, self.kind, flags, options)

    # ----------------------------------------------------------------------------------- off the launch path

    def _prepare(self, making: Making) -> None:
        record = making.record
        if record.writable:
            self._make_work(making)
        if record.parent is None:
            return
        if not record.writable and len(record.links) > self.deepest:
            from backends.storage.flattening import flatten
            from backends.storage.view import View

            with View(self._below(record), self._marks()) as view:
                flatten(view, making.tree)
            record.links = ()
            return
        # The top layer's root is the root of what the container sees.
        from backends.storage.metadata import copy_metadata

        copy_metadata(self.registry.tree(record.parent), making.tree)
        self._clear(making.tree)

    def _make_work(self, making: Making) -> None:
        os.mkdir(f"{making.folder}/work", 0o700)

    def _clear(self, tree: str) -> None:
        """Takes from a root what it is not to have from the one that it was copied from."""

    def _whiteouts(self, making: Making, view: View) -> OverlayWhiteouts | AufsWhiteouts:
        from backends.storage.whiteouts import OverlayWhiteouts

        return OverlayWhiteouts(view, self._marks().attribute)

    def _unpack(self, making: Making, archive: BinaryIO) -> int:
        from backends.storage.limits import Limits
        from backends.storage.unpack import unpack
        from backends.storage.view import View
        from backends.storage.whiteouts import CopyWhiteouts

        limits = self.limits or Limits()
        if not making.record.links:  # a whole tree
            return unpack(archive, making.tree, CopyWhiteouts(), View([]), limits)
        with View(self._below(making.record), self._marks()) as view:
            whiteouts = self._whiteouts(making, view)
            size = unpack(archive, making.tree, whiteouts, view, limits)
        if whiteouts.everything:
            making.record.links = ()
        return size

    def usage(self, layer: str) -> int:
        from backends.storage.usage import usage

        record = self.registry.get(layer)
        linked = not record.links and not record.writable and record.parent
        return usage(self.registry.tree(layer), self.registry.tree(record.parent) if linked and record.parent else "")

    def _changes(self, layer: str) -> list[Change]:
        from backends.storage.changes import Untouched, copy_changes, overlay_changes
        from backends.storage.view import View

        record = self.registry.get(layer)
        if record.parent is not None and not record.links:  # a whole tree
            with self._look(record.parent) as sight, View(sight.trees, self._marks()) as view:
                return copy_changes(self.registry.tree(layer), view, Untouched())
        with View(self._below(record), self._marks()) as view:
            return overlay_changes(self.registry.tree(layer), view, self._marks())

    def _look(self, layer: str) -> Sight:
        record = self.registry.get(layer)
        return Sight([self.registry.tree(layer), *self._below(record)])

    def _below(self, record: Record) -> list[str]:
        """The trees of the layers on which one stands, topmost first."""
        return [f"{self.folder}/links/{link}/." for link in record.links]


def _absolute(options: str, folder: str) -> str:
    for place in ("links/", "layers/", "empty"):
        options = options.replace(f"={place}", f"={folder}/{place}").replace(f":{place}", f":{folder}/{place}")
    return options


def _pinned() -> list[str]:
    try:
        known = os.listdir(_PARAMETERS)
    except OSError:
        return []
    return [name for name in _PINNED if name in known]


def _mount_error(layer: str, target: str, error: OSError) -> StorageError:
    told = storage_error(f"cannot mount the layer {layer} on {target}", error)
    if error.errno == errno.EINVAL:
        told.hint = "the kernel's log (dmesg) says which option or folder overlay refused; `runtime doctor` tries both"
    elif error.errno == errno.ENODEV:
        told.hint = "this kernel has no overlay: load the module (modprobe overlay), or use another storage backend"
    return told
