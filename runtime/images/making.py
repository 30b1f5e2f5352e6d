"""Making images here rather than loading them: a configuration, a new layer on top of others, an entry under a name."""

from __future__ import annotations

import time

from runtime import records
from runtime.images import digest as digests
from runtime.images import keeping, media
from runtime.images.blobs import BlobStore, Incoming
from runtime.images.catalogue import Editing
from runtime.images.models import DOCUMENT_LIMIT, Descriptor, parse_configuration, parse_manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from backends.contract import StorageBackend
    from runtime.images.image import Image
    from runtime.paths import Paths


def now() -> str:
    return moment(time.time())


def moment(seconds: float) -> str:
    """RFC 3339, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def make(
    paths: Paths,
    storage: StorageBackend,
    document: dict[str, Any],
    layers: list[tuple[str, Descriptor]],
    names: tuple[str, ...],
    extra: Mapping[str, Any] | None = None,
) -> str:
    """Keeps an image whose layers are blobs already, under the images' shared lock, which the caller holds.

    `document` is the configuration but for its rootfs; `layers` are diff ids and blobs, the base first; `extra` goes
    into the catalogue's entry. The identifier.
    """
    document = {**document, "rootfs": {"type": "layers", "diff_ids": [diff_id for diff_id, _ in layers]}}
    content = records.encode(document).encode("ascii")
    configuration = parse_configuration(content)
    keeper = keeping.Keeper(paths, storage)
    identifier, entry = keeper.keep(content, configuration, [(diff_id, blob, None) for diff_id, blob in layers])
    with Editing(paths) as known:
        known.images[identifier] = {**entry, **(extra or {})}
        for name in names:
            known.point(name, [identifier])
    return identifier


def layers_of(paths: Paths, image: Image | None) -> list[tuple[str, Descriptor]]:
    if image is None:
        return []
    manifest = parse_manifest(BlobStore(paths.blobs).read(image.manifest, DOCUMENT_LIMIT, verify=True))
    return list(zip(image.config["rootfs"]["diff_ids"], manifest.layers))


def publish(incoming: Incoming, digest: str, compression: str = "") -> Descriptor:
    """Makes a blob of what has come in and been hashed."""
    incoming.publish(digest)
    return Descriptor(media.LAYER_OF[compression], digest, incoming.written)


class HashedWriter:
    """A file for whoever writes a layer archive: into a blob, hashed on the way."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._hasher = digests.hasher()

    def write(self, content: bytes) -> int:
        self._incoming.write(content)
        self._hasher.update(content)
        return len(content)

    def tell(self) -> int:
        return self._incoming.written

    def flush(self) -> None:
        return

    @property
    def digest(self) -> str:
        return f"sha256:{self._hasher.hexdigest()}"
