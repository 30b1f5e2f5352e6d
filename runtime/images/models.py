"""The documents of an image: index, manifest, configuration, read from JSON that nobody vouches for.

Image-spec 1.1, and docker's schema 2, which has the same fields under other media types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import records
from runtime.errors import Damaged, TooLarge, Unsupported
from runtime.images import digest as digests
from runtime.images import media

DOCUMENT_LIMIT = 4 << 20  # bytes, as registries and containerd limit manifests
LAYER_LIMIT = 500  # docker stops at 127, overlay mounts at 500
INDEX_LIMIT = 1000
SIZE_LIMIT = 1 << 46  # bytes: 64 TiB, and no sum of them overflows anything

_HINT = "the image has to be made again, or fetched again from where it came from"


@dataclass(frozen=True)
class Descriptor:
    """What a document says of another blob."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, Any] | None = None
    artifact_type: str = ""

    def to_json(self) -> dict[str, Any]:
        result: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            result["annotations"] = dict(self.annotations)
        if self.platform is not None:
            result["platform"] = dict(self.platform)
        return result


@dataclass(frozen=True)
class Manifest:
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Index:
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Configuration:
    """An image's configuration. `document` is the whole of it, for what is passed on unread."""

    architecture: str
    os: str
    variant: str
    diff_ids: tuple[str, ...]
    document: dict[str, Any]


def parse_json(content: bytes, what: str) -> dict[str, Any]:
    if len(content) > DOCUMENT_LIMIT:
        raise TooLarge(f"{what} is larger than {DOCUMENT_LIMIT} bytes: no honest one is", _HINT)
    try:
        document = records.decode(content.decode("utf-8"))
    except ValueError as error:
        raise Damaged(f"{what} is not JSON: {error}", _HINT) from error
    return _object(document, what)


def parse_manifest(content: bytes, what: str = "the manifest") -> Manifest:
    document = parse_json(content, what)
    media_type = _media_type(document, what)
    if media_type in media.SCHEMA1 or document.get("schemaVersion") == 1:
        raise Unsupported(
            f"{what} is of docker's schema 1, given up in 2019", "push or save it again with a newer tool"
        )
    if media_type and media_type not in media.MANIFESTS:
        raise Unsupported(f"{what} has the media type {media_type!r}: not an image's manifest")
    _schema_version(document, what)
    config = parse_descriptor(document.get("config"), f"{what}: config")
    layers = _list(document, "layers", what, LAYER_LIMIT)
    if config.media_type not in media.CONFIGS:
        raise Unsupported(f"{what} describes {config.media_type!r}, an artifact and not a container image")
    return Manifest(
        media_type or media.OCI_MANIFEST,
        config,
        tuple(_layer(entry, f"{what}: layers[{number}]") for number, entry in enumerate(layers)),
        _texts(document, "annotations", what),
    )


def parse_index(content: bytes, what: str = "the index") -> Index:
    document = parse_json(content, what)
    media_type = _media_type(document, what)
    if media_type and media_type not in media.INDEXES:
        raise Unsupported(f"{what} has the media type {media_type!r}: not an index")
    _schema_version(document, what)
    entries = _list(document, "manifests", what, INDEX_LIMIT)
    return Index(
        tuple(parse_descriptor(entry, f"{what}: manifests[{number}]") for number, entry in enumerate(entries)),
        _texts(document, "annotations", what),
    )


def parse_configuration(content: bytes, what: str = "the configuration") -> Configuration:
    document = parse_json(content, what)
    rootfs = _object(document.get("rootfs"), f"{what}: rootfs")
    if rootfs.get("type", "layers") != "layers":
        raise Unsupported(f"{what}: rootfs.type is {rootfs.get('type')!r}, and only 'layers' is known")
    ids = rootfs.get("diff_ids")
    if ids is None:  # Go's encoding of an empty list
        ids = []
    if not isinstance(ids, list):
        raise Damaged(f"{what}: rootfs.diff_ids is not a list", _HINT)
    if len(ids) > LAYER_LIMIT:
        raise TooLarge(f"{what}: rootfs.diff_ids has {len(ids)} entries; the limit is {LAYER_LIMIT}", _HINT)
    for name in ("config", "history"):
        kind = dict if name == "config" else list
        if document.get(name) is not None and not isinstance(document[name], kind):
            raise Damaged(f"{what}: {name} is not a JSON {'object' if kind is dict else 'list'}", _HINT)
    return Configuration(
        architecture=_text(document, "architecture", what),
        os=_text(document, "os", what) or "linux",
        variant=_text(document, "variant", what),
        diff_ids=tuple(digests.check(entry, f"{what}: rootfs.diff_ids") for entry in ids),
        document=document,
    )


def parse_descriptor(value: object, what: str) -> Descriptor:
    document = _object(value, what)
    size = document.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Damaged(f"{what}: size is {size!r}", _HINT)
    if size > SIZE_LIMIT:
        raise TooLarge(f"{what}: size is {size} bytes; the limit is {SIZE_LIMIT}", _HINT)
    platform = document.get("platform")
    return Descriptor(
        media_type=_text(document, "mediaType", what),
        digest=digests.check(document.get("digest"), f"{what}: digest"),
        size=size,
        annotations=_texts(document, "annotations", what),
        platform=None if platform is None else _object(platform, f"{what}: platform"),
        artifact_type=_text(document, "artifactType", what),
    )


def _layer(value: object, what: str) -> Descriptor:
    layer = parse_descriptor(value, what)
    if layer.media_type not in media.LAYERS:
        hint = "it is encrypted: decrypt it first, with skopeo copy" if "encrypted" in layer.media_type else ""
        raise Unsupported(f"{what} has the media type {layer.media_type!r}: not a layer that can be unpacked", hint)
    return layer


def _media_type(document: dict[str, Any], what: str) -> str:
    return _text(document, "mediaType", what)


def _schema_version(document: dict[str, Any], what: str) -> None:
    if document.get("schemaVersion") != 2:
        raise Damaged(f"{what}: schemaVersion is {document.get('schemaVersion')!r} and not 2", _HINT)


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Damaged(f"{what} is not a JSON object", _HINT)
    return value


def _list(document: dict[str, Any], name: str, what: str, limit: int) -> list[object]:
    value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Damaged(f"{what}: {name} is not a list", _HINT)
    if len(value) > limit:
        raise TooLarge(f"{what}: {name} has {len(value)} entries; the limit is {limit}", _HINT)
    return value


def _text(document: dict[str, Any], name: str, what: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Damaged(f"{what}: {name} is not a string", _HINT)
    return value


def _texts(document: dict[str, Any], name: str, what: str) -> dict[str, str]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
        raise Damaged(f"{what}: {name} is not an object of strings", _HINT)
    return value
