"""Writing image archives: blobs as they are, under OCI's layout, with docker's manifest.json beside it."""

from __future__ import annotations

import os

from runtime import records
from runtime.errors import Damaged, InvalidInput, explain
from runtime.images import catalogue, media, reference, tarball
from runtime.images import digest as digests
from runtime.images.image import Image, familiar
from runtime.images.layout import FULL_NAME, INDEX, MARKER, REF_NAME
from runtime.images.models import DOCUMENT_LIMIT, Descriptor, Manifest, parse_manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from runtime.images.store import ImageStore

FORMATS = ("docker", "oci")
_CHUNK = 1 << 20


class Wanted:
    """One image to be saved, under the names by which it was asked for."""

    __slots__ = ("image", "manifest", "names")

    def __init__(self, image: Image, manifest: Manifest) -> None:
        self.image = image
        self.manifest = manifest
        self.names: list[str] = []


def save(store: ImageStore, texts: list[str], out: BinaryIO, form: str) -> None:
    if form not in FORMATS:
        raise InvalidInput(f"the format {form!r} is not known", f"choose one of {', '.join(FORMATS)}")
    if not texts:
        raise InvalidInput("no image to save is named", "name at least one")
    wanted = _wanted(store, texts)
    try:
        Writer(store, out).write(wanted, form)
    except OSError as error:
        raise explain(error, "write the archive") from error


def _wanted(store: ImageStore, texts: list[str]) -> list[Wanted]:
    known = catalogue.read(store.paths)
    found: dict[str, Wanted] = {}
    for text in texts:
        image = store.look_up(text)
        if image.id not in found:
            manifest = parse_manifest(store.blobs.read(image.manifest, DOCUMENT_LIMIT, verify=True))
            found[image.id] = Wanted(image, manifest)
        name = store.name_in(known, text)
        if name and name not in found[image.id].names:
            found[image.id].names.append(name)
    return list(found.values())


class Writer:
    def __init__(self, store: ImageStore, out: BinaryIO) -> None:
        self._store = store
        self._out = out
        self._written: set[str] = set()

    def write(self, wanted: list[Wanted], form: str) -> None:
        write = self._out.write
        write(tarball.header("blobs", 0, tarball.FOLDER) + tarball.header("blobs/sha256", 0, tarball.FOLDER))
        for one in wanted:
            for digest in self._blobs(one):
                self._blob(digest)
        # Last, as docker does it: who reads a pipe has every blob before it is told what they mean.
        tarball.write_file(write, INDEX, _json(self._index(wanted)))
        if form == "docker":
            tarball.write_file(write, "manifest.json", _json([self._docker(one) for one in wanted]))
        tarball.write_file(write, MARKER, _json({"imageLayoutVersion": "1.0.0"}))
        write(tarball.END)
        self._out.flush()

    def _blobs(self, one: Wanted) -> list[str]:
        return [one.image.manifest, one.image.id, *(layer.digest for layer in one.manifest.layers)]

    def _blob(self, digest: str) -> None:
        if digest in self._written:
            return
        self._written.add(digest)
        descriptor = self._store.blobs.open(digest)
        try:
            size = os.fstat(descriptor).st_size
            self._out.write(tarball.header(_path(digest), size))
            left = size
            while left:
                content = os.read(descriptor, min(left, _CHUNK))
                if not content:
                    raise Damaged(f"the blob {digest} became shorter while it was read", "load the image again")
                self._out.write(content)
                left -= len(content)
            self._out.write(tarball.padding(size))
        finally:
            os.close(descriptor)

    def _index(self, wanted: list[Wanted]) -> dict[str, Any]:
        entries = []
        for one in wanted:
            size = self._store.blobs.size(one.image.manifest)
            platform = {"architecture": one.image.config.get("architecture", ""), "os": one.image.platform.os}
            if one.image.config.get("variant"):
                platform["variant"] = one.image.config["variant"]
            for name in one.names or [""]:
                entry = Descriptor(one.manifest.media_type, one.image.manifest, size, _annotations(name), platform)
                entries.append(entry.to_json())
        return {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}

    def _docker(self, one: Wanted) -> dict[str, Any]:
        return {
            "Config": _path(one.image.id),
            "RepoTags": [familiar(name) for name in one.names if "@" not in name] or None,
            "Layers": [_path(layer.digest) for layer in one.manifest.layers],
        }


def _annotations(name: str) -> dict[str, str]:
    if not name or "@" in name:
        return {}
    return {FULL_NAME: name, REF_NAME: reference.parse(name).tag}


def _path(digest: str) -> str:
    return f"blobs/{digests.algorithm_of(digest)}/{digests.hex_of(digest)}"


def _json(value: Any) -> bytes:
    return records.encode(value).encode("ascii") + b"\n"
