"""Moving everything that a storage backend keeps to another one, so that a kill at any instant loses nothing.

    storage/.migration        what is being done: from, to, and the phase
    storage/.to-NAME          the new store, until all is in it and was compared
    storage/.gone-NAME        the old one, from then on

While the phase is "copying", the old store is the truth, and what is in the new one is thrown away by whoever comes
next; once it is "switching", the new one is complete, and whoever comes next finishes the work (`settle`).
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from backends import catalogue
from backends.contract import StorageBackend
from backends.errors import BackendError
from backends.storage import options
from backends.storage.removal import remove_tree
from runtime import errors, records
from runtime.containers import lookup, status
from runtime.containers import record as containers
from runtime.containers.control import Target
from runtime.containers.root import root
from runtime.paths import Paths

if TYPE_CHECKING:
    from runtime.containers.record import Record

Say = Callable[[str], None]

COPYING = "copying"
SWITCHING = "switching"
_SCHEMA = 1
# Backends whose every layer takes its whole tree's room.
_WHOLE = frozenset(("copy",))


def journal(paths: Paths) -> str:
    return f"{paths.storages}/.migration"


def lock(paths: Paths) -> records.Lock:
    return records.Lock(paths.lock("migration"))


def settle(paths: Paths) -> list[str]:
    """Finishes a migration whose process was killed, or takes it back: a sentence for what was done. Conflict while one
    is going on."""
    held = lock(paths)
    if not _soon(held):
        raise errors.Conflict(
            "the images are being moved to another storage backend", "wait until `runtime system migrate` is done"
        )
    try:
        if not os.path.exists(journal(paths)):
            return []
        found = records.load(journal(paths), _SCHEMA)
        if found["phase"] == SWITCHING:
            _switch(paths, found["from"], found["to"])
            return [f"finished moving the images from {found['from']} to {found['to']}, which was interrupted"]
        _discard(f"{paths.storages}/.to-{found['to']}", found["to"])
        os.unlink(journal(paths))
        return [f"took back the moving of the images to {found['to']}, which was interrupted"]
    finally:
        held.release()


def _soon(held: records.Lock) -> bool:
    """A killed process may have had a helper that takes a moment to follow it."""
    for _ in range(50):
        if held.acquire(wait=False):
            return True
        time.sleep(0.01)
    return False


def migrate(paths: Paths, old: str, new: str, shares: bool, say: Say, wanted: dict[str, str]) -> int:
    """Moves everything from one backend to another that can be used here; how many layers. `shares`: the store's file
    system shares the blocks of copies; `wanted`: options of the new store. Conflict while a container runs; NoSpace
    before anything is done."""
    held = lock(paths)
    if not held.acquire(wait=False):
        raise errors.Conflict("somebody else is moving the images already", "wait until that is done")
    images = records.Lock(paths.lock("images"))
    try:
        images.acquire()  # nobody loads meanwhile
        stopped = _stopped(paths)
        source = _open(old, paths.storage(old))
        order = _order(source.layers())
        _expect_room(paths, source, order, new, shares, say)
        records.store(journal(paths), {"from": old, "to": new, "phase": COPYING}, _SCHEMA)
        _discard(f"{paths.storages}/.to-{new}", new)
        options.keep(f"{paths.storages}/.to-{new}", new, wanted)
        target = _open(new, f"{paths.storages}/.to-{new}")
        try:
            for number, layer in enumerate(order, 1):
                say(f"{number}/{len(order)} {layer[:12]}")
                _copy(paths, source, target, layer, source.layers()[layer], stopped.get(layer))
            if _order(source.layers()) != order:
                raise errors.Conflict("somebody changed the layers meanwhile", "run it again")
        except BaseException:
            _discard(target.folder, new)
            os.unlink(journal(paths))
            raise
        os.sync()
        records.store(journal(paths), {"from": old, "to": new, "phase": SWITCHING}, _SCHEMA)
        _switch(paths, old, new)
        return len(order)
    except BackendError as error:
        raise errors.Problem(f"the images stay in {old}: {error}", error.hint) from error
    finally:
        images.release()
        held.release()


def _stopped(paths: Paths) -> dict[str, Record]:
    """The containers by their layers. Conflict if one runs or is being made."""
    found, damaged = lookup.everything(paths)
    if damaged:
        raise errors.Conflict("there are damaged containers", "remove them with `runtime rm --force` first")
    running = [
        record["name"]
        for record in found
        if (seen := status.observe(paths, record)).busy or seen.name in (status.CREATING_NOW, status.INTERRUPTED)
    ]
    if running:
        raise errors.Conflict(
            f"these containers are running: {', '.join(running)}", "stop them first: `runtime stop NAME...`"
        )
    return {record["storage"]["layer"]: record for record in found if "layer" in record["storage"]}


def _open(name: str, folder: str) -> StorageBackend:
    return cast(StorageBackend, catalogue.load("storage", name)(folder))


def _order(layers: dict[str, str | None]) -> list[str]:
    """Every layer after the one on which it stands."""
    found: dict[str, None] = {}
    for name in sorted(layers):
        chain = []
        at: str | None = name
        while at is not None and at not in found:
            chain.append(at)
            at = layers.get(at)
        found.update(dict.fromkeys(reversed(chain)))
    return list(found)


def estimate(source: StorageBackend, order: list[str], whole: bool) -> int:
    """Bytes that the layers will take. `whole`: each with all below it."""
    parents = source.layers()
    own = {layer: source.usage(layer) for layer in order}
    total: dict[str, int] = {}
    for layer in order:
        parent = parents[layer]
        total[layer] = own[layer] + (total[parent] if whole and parent else 0)
    return sum(total.values())


def _expect_room(paths: Paths, source: StorageBackend, order: list[str], new: str, shares: bool, say: Say) -> None:
    needed = estimate(source, order, new in _WHOLE and not shares)
    disk = os.statvfs(paths.storages)
    free = disk.f_bavail * disk.f_frsize
    say(f"{len(order)} layers, about {needed >> 20} MiB; {free >> 20} MiB are free")
    if needed > free:
        raise errors.NoSpace(
            f"the layers take about {needed >> 20} MiB as {new} keeps them, and {free >> 20} MiB are free on the disk"
            f" of {paths.storages}",
            "free space, or remove images and containers that are not needed (`runtime system prune`)",
        )


def _copy(
    paths: Paths, source: StorageBackend, target: StorageBackend, layer: str, parent: str | None, record: Record | None
) -> None:
    """One layer, and its comparison with what it was copied from."""
    sent = _Sending(source, layer)
    if record is None:
        sent.through(lambda archive: target.apply(layer, parent, archive))
    else:
        target.create(layer, parent)
        _fill(paths, target, record, sent)
    if _digest(target, layer) != sent.digest.hexdigest():
        raise errors.Damaged(
            f"the layer {layer} is not the same in {target.name} as in {source.name}",
            "the images stay where they are; report this, with what the image is",
        )


class _Sending:
    """A layer's archive, from one store to another through a pipe."""

    def __init__(self, source: StorageBackend, layer: str) -> None:
        self._source = source
        self._layer = layer
        self._error: BaseException | None = None
        self.digest = hashlib.sha256()

    def through(self, take: Callable[[BinaryIO], object]) -> None:
        """Raises what the sender or `take` raised. `take` must not fork: it has company."""
        read, write = os.pipe()
        sender = threading.Thread(target=self._send, args=(write,))
        sender.start()
        try:
            with os.fdopen(read, "rb") as archive:
                take(archive)
                while archive.read(1 << 16):  # what padding follows the archive's end
                    continue
        finally:
            sender.join()
        if self._error is not None:
            raise self._error

    def _send(self, descriptor: int) -> None:
        try:
            with os.fdopen(descriptor, "wb") as pipe:
                self._source.diff(self._layer, cast(BinaryIO, _Hashing(self.digest, pipe)), root=True)
        except BrokenPipeError:
            return  # the reader tells why it went away
        except BaseException as error:
            self._error = error


class _Hashing:
    def __init__(self, digest: hashlib._Hash, also: BinaryIO | None = None) -> None:
        self._digest = digest
        self._also = also

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        if self._also is not None:
            self._also.write(content)
        return len(content)


def _digest(store: StorageBackend, layer: str) -> str:
    digest = hashlib.sha256()
    store.diff(layer, cast(BinaryIO, _Hashing(digest)), root=True)
    return digest.hexdigest()


def _fill(paths: Paths, target: StorageBackend, record: Record, sent: _Sending) -> None:
    """Does to a container's new layer what was done to its old one, through a mount that only we see."""
    from backends.storage.limits import Limits
    from backends.storage.unpack import unpack
    from backends.storage.view import View
    from backends.storage.whiteouts import CopyWhiteouts

    there = {**record, "storage": {**record["storage"], "backend": target.name, "folder": target.folder}}
    with root(Target(paths, there, status.Status("created", {}, {}))) as descriptor:
        tree = f"/proc/self/fd/{descriptor}/."
        sent.through(lambda archive: unpack(archive, tree, CopyWhiteouts(), View([]), Limits()))


def _switch(paths: Paths, old: str, new: str) -> None:
    """From the moment that the journal says so. Each step may have been done already."""
    _rename(f"{paths.storages}/.to-{new}", paths.storage(new))
    for identifier in lookup.identifiers(paths):
        record = containers.load(paths, identifier)
        if record["storage"].get("backend") == old:
            record["storage"].update(backend=new, folder=paths.storage(new))
            if "storage" in record.get("selections", {}):
                record["selections"]["storage"]["chosen"] = new
            containers.store(paths, record)
    gone = f"{paths.storages}/.gone-{old}"
    _rename(paths.storage(old), gone)
    records.sync_folder(paths.storages)
    _discard(gone, old)
    os.unlink(journal(paths))


def _rename(source: str, target: str) -> None:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        return  # done before


def _discard(folder: str, name: str) -> None:
    """A store with all its layers, and what the kernel holds for it."""
    if not os.path.isdir(folder):
        return
    store = _open(name, folder)
    store.repair()
    for layer in reversed(_order(store.layers())):
        store.remove(layer)
    store.release()
    remove_tree(folder)
