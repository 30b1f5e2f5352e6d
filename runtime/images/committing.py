"""A container's changes become a layer, and with its configuration an image."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from backends.contract import StorageBackend
from runtime.errors import explain
from runtime.images import keeping, making, naming, platforms
from runtime.images.blobs import BlobStore
from runtime.images.description import entries_of
from runtime.images.image import Image
from runtime.images.instructions import change
from runtime.images.making import HashedWriter
from runtime.images.models import Descriptor
from runtime.paths import Paths


def commit(
    paths: Paths,
    storage: StorageBackend,
    layer: str,
    base: Image | None,
    config: dict[str, Any],
    name: str,
    message: str,
    author: str,
    changes: tuple[str, ...],
) -> str:
    """The new image's identifier. Whatever fails, nothing stays."""
    names = (naming.new_name(name),) if name else ()
    document = _document(base, change(config, changes), message, author)
    lock = keeping.adding(paths)
    try:
        layers = [*making.layers_of(paths, base), _pack(BlobStore(paths.blobs), storage, layer)]
        return making.make(paths, storage, document, layers, names)
    except OSError as error:
        raise explain(error, "commit the container") from error
    finally:
        lock.release()
        keeping.collect(paths, storage, wait=False)


def _document(base: Image | None, config: dict[str, Any], message: str, author: str) -> dict[str, Any]:
    created = making.now()
    platform = base.platform if base else platforms.host()
    kept = {key: value for key, value in (base.config if base else {}).items() if key in ("os.version", "os.features")}
    entry = {"created": created, "created_by": " ".join(config.get("Cmd") or []) or "commit", "comment": message}
    if author:
        entry["author"] = author
    return {
        **kept,
        "created": created,
        **({"author": author} if author else {}),
        "architecture": platform.architecture,
        **({"variant": platform.variant} if platform.variant else {}),
        "os": platform.os,
        "config": config,
        "history": [*(entries_of(base) if base else []), entry],
    }


def _pack(blobs: BlobStore, storage: StorageBackend, layer: str) -> tuple[str, Descriptor]:
    with blobs.incoming() as incoming:
        writer = HashedWriter(incoming)
        storage.diff(layer, cast(BinaryIO, writer))
        digest = writer.digest
        return digest, making.publish(incoming, digest)
