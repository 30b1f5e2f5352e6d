"""Writing images into the store: layers, documents, the catalogue's entries; and taking back what came to nothing.

Who adds holds the images' lock shared, who collects garbage holds it alone: between, blobs and layers that no image
names yet are not garbage.
"""

from __future__ import annotations

import time

from runtime import records
from runtime.errors import Unsupported
from runtime.images import ballast, catalogue, layers, media, suspects
from runtime.images.blobs import BlobStore
from runtime.images.intake import Intake, Layer
from runtime.images.models import Configuration, Descriptor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from backends.contract import StorageBackend
    from runtime.images.slices import Slice
    from runtime.paths import Paths

    # A layer's diff id, its manifest's descriptor where there is one, and its bytes where there are any.
    Part = tuple[str, Descriptor | None, Callable[[], Slice] | None]
    Entry = dict[str, Any]

LOCK = "images"


def adding(paths: Paths) -> records.Lock:
    """The shared lock, held. The caller releases it."""
    lock = records.Lock(paths.lock(LOCK))
    lock.acquire(shared=True)
    return lock


class Keeper:
    """Adds images. Make one under the shared lock, and for one operation."""

    def __init__(self, paths: Paths, storage: StorageBackend) -> None:
        self._paths = paths
        self._blobs = BlobStore(paths.blobs)
        self._storage = storage
        known = catalogue.read(paths)
        self._sizes = known.layer_sizes()
        pairs = {blob: diff for entry in known.images.values() for blob, diff in zip(entry["blobs"], entry["diff_ids"])}
        self._intake = Intake(self._blobs, storage, pairs)
        self._present = set(storage.layers())

    def keep(
        self,
        content: bytes,
        configuration: Configuration,
        parts: Sequence[Part],
        manifest: bytes | None = None,
        algorithms: tuple[str, str] = ("sha256", "sha256"),
    ) -> tuple[str, Entry]:
        """Keeps everything of one image; its identifier and its entry, which the caller puts into the catalogue.

        `algorithms` are those of the configuration's and the manifest's digests; a manifest is made where None is.
        """
        names, descriptors = self.unpack(configuration.diff_ids, parts)
        identifier = self._blobs.add(content, algorithms[0])
        if manifest is None:
            manifest = build_manifest(Descriptor(media.OCI_CONFIG, identifier, len(content)), descriptors)
        entry: Entry = {
            "manifest": self._blobs.add(manifest, algorithms[1]),
            "blobs": [descriptor.digest for descriptor in descriptors],
            "diff_ids": list(configuration.diff_ids),
            "layers": names,
            "layer_sizes": [self._size(name) for name in names],
            "created": str(configuration.document.get("created") or ""),
            "architecture": configuration.architecture,
            "os": configuration.os,
            "variant": configuration.variant,
            "loaded": time.time(),
        }
        return identifier, entry

    def unpack(self, diff_ids: tuple[str, ...], parts: Sequence[Part]) -> tuple[list[str], list[Descriptor]]:
        """Takes in what is missing of an image's layers; the storage's names for them, and their blobs."""
        names = layers.chain(diff_ids)
        suspects.note(self._paths, [name for name in names if name not in self._present])
        return names, [self._layer(number, part, names) for number, part in enumerate(parts)]

    def _layer(self, number: int, part: Part, names: list[str]) -> Descriptor:
        diff_id, descriptor, opener = part
        name = names[number]
        layer = Layer(diff_id, name, names[number - 1] if number else None, descriptor)
        found, size = self._intake.take(layer, opener() if opener else None, name in self._present)
        self._present.add(name)
        if size is not None:
            self._sizes[name] = size
        return found

    def _size(self, name: str) -> int:
        if name not in self._sizes:
            self._sizes[name] = self._storage.usage(name)
        return self._sizes[name]


def build_manifest(config: Descriptor, descriptors: Sequence[Descriptor]) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": config.to_json(),
        "layers": [descriptor.to_json() for descriptor in descriptors],
    }
    return records.encode(document).encode("ascii")


def collect(paths: Paths, storage: StorageBackend, wait: bool = True) -> tuple[list[str], int]:
    """Removes the blobs that no image names, and the suspected layers that none does: those layers' names, and the
    bytes of the blobs. A layer on which a container stands stays, and stays suspected.

    Without `wait`, does nothing while somebody else is adding or collecting.
    """
    lock = records.Lock(paths.lock(LOCK))
    if not lock.acquire(wait=wait):
        return [], 0
    try:
        known = catalogue.read(paths)
        blobs = BlobStore(paths.blobs)
        blobs.sweep()
        alive = known.blobs()
        freed = sum([blobs.remove(digest) for digest in list(blobs.digests()) if digest not in alive])
        removed = suspects.clear(paths, known.layers(), storage)
        ballast.take_aboard(paths)
        return removed, freed
    finally:
        lock.release()


def check_linux(configuration: Configuration, what: str) -> None:
    if configuration.os != "linux":
        raise Unsupported(f"{what} is for {configuration.os}", "only images for linux run here")
