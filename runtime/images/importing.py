"""A root filesystem's tar becomes an image of one layer, as `docker import` does it."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from backends.contract import StorageBackend
from runtime.errors import InvalidInput, explain
from runtime.images import digest as digests
from runtime.images import keeping, making, naming, platforms
from runtime.images.blobs import BlobStore
from runtime.images.compression import SAMPLE, expand, recognise
from runtime.images.instructions import change
from runtime.images.making import HashedWriter
from runtime.images.models import Descriptor
from runtime.images.sources import Prefixed, read_exactly
from runtime.paths import Paths

_CHUNK = 1 << 20
_KEPT = ("", "gzip", "zstd")  # the compressions that a layer may have; others are undone


def import_root(
    paths: Paths,
    storage: StorageBackend,
    stream: BinaryIO,
    name: str,
    changes: tuple[str, ...],
    message: str,
    platform: str,
) -> str:
    """The new image's identifier. Whatever fails, nothing stays."""
    names = (naming.new_name(name),) if name else ()
    wanted = platforms.parse(platform) if platform else platforms.host()
    config = change({}, changes)
    created = making.now()
    document = {
        "created": created,
        "architecture": wanted.architecture,
        **({"variant": wanted.variant} if wanted.variant else {}),
        "os": wanted.os,
        "config": config,
        "history": [{"created": created, "comment": message or "imported from a tar archive"}],
    }
    lock = keeping.adding(paths)
    try:
        layer = _take(BlobStore(paths.blobs), stream)
        return making.make(paths, storage, document, [layer], names)
    except OSError as error:
        raise explain(error, "import the root filesystem") from error
    finally:
        lock.release()
        keeping.collect(paths, storage, wait=False)


def _take(blobs: BlobStore, stream: BinaryIO) -> tuple[str, Descriptor]:
    start = read_exactly(stream, SAMPLE)
    if not start:
        raise InvalidInput("the root filesystem's archive is empty", "give a tar archive, compressed or not")
    compression = recognise(start)
    source: Any = Prefixed(start, stream)
    if compression not in _KEPT:
        source, compression = expand(source, compression), ""
    with blobs.incoming() as incoming:
        writer = HashedWriter(incoming)
        while content := source.read(_CHUNK):
            writer.write(content)
        diff_id = _expanded(incoming.descriptor, incoming.written, compression) if compression else writer.digest
        return diff_id, making.publish(incoming, writer.digest, compression)


def _expanded(descriptor: int, size: int, compression: str) -> str:
    """What a compressed archive's content is called."""
    from runtime.images.slices import Slice

    hasher = digests.hasher()
    with expand(cast(BinaryIO, Slice(descriptor, 0, size)), compression) as stream:
        while content := stream.read(_CHUNK):
            hasher.update(content)
    return f"sha256:{hasher.hexdigest()}"
