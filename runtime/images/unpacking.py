"""Unpacking an image again from its blobs: into another storage backend, or after somebody removed a layer."""

from __future__ import annotations

from runtime.images import keeping
from runtime.images.models import DOCUMENT_LIMIT, parse_manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.contract import StorageBackend
    from runtime.images.image import Image
    from runtime.paths import Paths


def unpack(paths: Paths, storage: StorageBackend, image: Image) -> None:
    """Damaged if a blob is missing or altered: then the image has to be loaded again."""
    from runtime.images.blobs import BlobStore

    lock = keeping.adding(paths)
    try:
        keeper = keeping.Keeper(paths, storage)
        manifest = parse_manifest(BlobStore(paths.blobs).read(image.manifest, DOCUMENT_LIMIT, verify=True))
        diff_ids = tuple(image.config["rootfs"]["diff_ids"])
        keeper.unpack(diff_ids, [(diff_id, layer, None) for diff_id, layer in zip(diff_ids, manifest.layers)])
    finally:
        lock.release()
