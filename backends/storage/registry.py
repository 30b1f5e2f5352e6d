"""The layers on disk: which there are, on what they stand, and how one comes and goes as a whole. On the launch path.

    lock                one change of the registry at a time
    layers/NAME/        a complete layer: its record `layer`, its files in `tree`, and what its backend adds
    links/SHORT         -> ../layers/NAME/tree, for mount options, which must fit one page
    making/NAME.XXXX    a layer being made; its maker holds the folder's lock
    making/gone.XXXX    a layer being removed

A layer is made in `making` and becomes one by rename(2); it stops being one the same way. What a killed process left
in `making` has no lock, and `repair` removes it.
"""

from __future__ import annotations

import errno
import os

from backends.errors import LayerExists, StorageError, UnknownLayer
from backends.storage import locks, record
from backends.storage.locks import Lock
from backends.storage.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = frozenset("0123456789abcdef")


class Making:
    """A layer on its way. `folder` is only this process's until `Registry.publish`."""

    __slots__ = ("folder", "lock", "record")

    def __init__(self, folder: str, lock: int, made: Record) -> None:
        self.folder = folder
        self.lock = lock
        self.record = made

    @property
    def tree(self) -> str:
        return f"{self.folder}/tree"


class Registry:
    """`dispose` removes a folder of `making` with the layer in it, whole or not, and can be called again."""

    __slots__ = ("dispose", "folder")

    def __init__(self, folder: str, dispose: Callable[[str], None]) -> None:
        self.folder = folder
        self.dispose = dispose

    # ------------------------------------------------------------------------------------------------- reading

    def path(self, layer: str) -> str:
        """The folder of a layer, there or not. StorageError for what is no layer's name."""
        if len(layer) != 64 or not _DIGITS.issuperset(layer):
            raise StorageError(f"{layer!r} is no layer's name", "64 digits of [0-9a-f] are")
        return f"{self.folder}/layers/{layer}"

    def tree(self, layer: str) -> str:
        return self.path(layer) + "/tree"

    def get(self, layer: str) -> Record:
        """UnknownLayer."""
        try:
            return record.read(self.path(layer))
        except FileNotFoundError:
            raise UnknownLayer(
                f"there is no layer {layer} in {self.folder}", "load the image that it belongs to again"
            ) from None

    def chain(self, layer: str | None) -> list[Record]:
        """A layer and all below it, topmost first."""
        found: list[Record] = []
        while layer is not None:
            one = self.get(layer)
            found.append(one)
            layer = one.parent
        return found

    def all(self) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for name in _names(f"{self.folder}/layers"):
            try:
                found[name] = self.get(name)
            except StorageError:  # removed meanwhile, or damaged: `repair` tells
                continue
        return found

    # ------------------------------------------------------------------------------------------------- changing

    def prepare(self) -> None:
        # 0700: the layers' set-uid programs are not for the host's users (CVE-2021-41091).
        for folder in (self.folder, f"{self.folder}/layers", f"{self.folder}/links", f"{self.folder}/making"):
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:
                continue

    def begin(self, layer: str, parent: str | None, read_only: bool) -> Making:
        """Starts a layer. LayerExists, UnknownLayer; StorageError on a parent that is still written to."""
        target = self.path(layer)
        self.prepare()
        with Lock(f"{self.folder}/lock"):
            if os.path.lexists(target):
                raise LayerExists(f"there is already a layer {layer}")
            links: tuple[str, ...] = ()
            if parent is not None:
                below = self.get(parent)
                if below.writable:
                    raise StorageError(f"the layer {parent} is writable: nothing can stand on it")
                links = (below.link, *below.links)
            made = Record(layer, parent, self._free_link(layer) if read_only else "", links)
            folder = f"{self.folder}/making/{layer}.{os.urandom(6).hex()}"
            os.mkdir(folder, 0o700)
            lock = locks.hold(folder)
            record.write(folder, made)  # from now on the parent stays
        os.mkdir(f"{folder}/tree", 0o755)
        return Making(folder, lock, made)

    def publish(self, making: Making) -> None:
        """Makes it a layer. LayerExists if another process was quicker; then `discard` is the caller's to call."""
        made = making.record
        record.write(making.folder, made)
        target = self.path(made.name)
        with Lock(f"{self.folder}/lock"):
            if made.link:
                self._link(made)
            try:
                os.rename(making.folder, target)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise LayerExists(f"there is already a layer {made.name}") from None
                raise
        os.close(making.lock)
        making.lock = -1

    def discard(self, making: Making) -> None:
        try:
            self.dispose(making.folder)
        finally:
            if making.lock >= 0:
                os.close(making.lock)
                making.lock = -1

    def remove(self, layer: str) -> None:
        """UnknownLayer; StorageError if another layer stands on it."""
        with Lock(f"{self.folder}/lock"):
            gone = self.get(layer)
            for child in self._on(layer):
                raise StorageError(f"the layer {child} stands on the layer {layer}", "remove that one first")
            trash = f"{self.folder}/making/gone.{os.urandom(6).hex()}"
            os.rename(self.path(layer), trash)
            if gone.link:
                _unlink(f"{self.folder}/links/{gone.link}")
        self.dispose(trash)

    def _on(self, layer: str) -> list[str]:
        standing = [child.name for child in self.all().values() if child.parent == layer]
        for name in _names(f"{self.folder}/making"):
            try:
                making = record.read(f"{self.folder}/making/{name}")
            except (OSError, StorageError):
                continue
            if making.parent == layer and not name.startswith("gone."):
                standing.append(making.name)
        return sorted(standing)

    def repair(self) -> list[str]:
        """One sentence for each thing done."""
        if not os.path.isdir(self.folder):
            return []
        self.prepare()
        done: list[str] = []
        with Lock(f"{self.folder}/lock"):
            left = self._abandoned()
            for name in _names(f"{self.folder}/layers"):
                try:
                    self.get(name)
                except StorageError as error:
                    trash = f"gone.{os.urandom(6).hex()}"
                    os.rename(f"{self.folder}/layers/{name}", f"{self.folder}/making/{trash}")
                    left.append(trash)
                    done.append(f"removed the damaged layer {name}: {error}")
            promised = self._promised(left)
            for link in _names(f"{self.folder}/links"):
                if not os.path.exists(f"{self.folder}/links/{link}") and link not in promised:
                    _unlink(f"{self.folder}/links/{link}")
                    done.append(f"removed the link {link}, which led to no layer")
        for name in left:
            self.dispose(f"{self.folder}/making/{name}")
            if not name.startswith("gone."):
                done.append(f"removed the half-made layer {name.partition('.')[0]}")
        return done

    def _abandoned(self) -> list[str]:
        left = []
        for name in _names(f"{self.folder}/making"):
            try:
                os.close(locks.hold(f"{self.folder}/making/{name}", wait=False))
            except (BlockingIOError, FileNotFoundError):
                continue
            left.append(name)
        return left

    def _promised(self, abandoned: list[str]) -> set[str]:
        """The links of the layers that living processes make."""
        found = set()
        for name in _names(f"{self.folder}/making"):
            if name not in abandoned:
                try:
                    found.add(record.read(f"{self.folder}/making/{name}").link)
                except (OSError, StorageError):
                    continue
        return found

    # ------------------------------------------------------------------------------------------------- links

    def _free_link(self, layer: str) -> str:
        """The shortest beginning of a layer's name that is no other layer's link: whoever makes images can make two
        chain ids begin alike."""
        for length in (12, 20, 32, 64):
            try:
                if os.readlink(f"{self.folder}/links/{layer[:length]}") == _target(layer):
                    return layer[:length]
            except FileNotFoundError:
                return layer[:length]
        raise StorageError(f"the folder {self.folder}/links is damaged: {layer} leads elsewhere")

    def _link(self, made: Record) -> None:
        path = f"{self.folder}/links/{made.link}"
        try:
            os.symlink(_target(made.name), path)
        except FileExistsError:
            if os.readlink(path) != _target(made.name):  # taken since `begin`
                made.link = self._free_link(made.name)
                raise StorageError(f"the layer {made.name} met another whose name begins alike", "try again") from None


def _target(layer: str) -> str:
    return f"../layers/{layer}/tree"


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
