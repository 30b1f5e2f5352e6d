"""OCI image layouts (image-spec 1.1, image-layout.md), in a folder or in a tar: index.json and blobs by digest."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from runtime.errors import Damaged, InvalidInput, TooLarge, Unsupported
from runtime.images import digest as digests
from runtime.images import media, reference
from runtime.images.candidate import Candidate, LayerPart, canonical_names, check_identifier
from runtime.images.models import (
    DOCUMENT_LIMIT,
    INDEX_LIMIT,
    Descriptor,
    Manifest,
    parse_configuration,
    parse_index,
    parse_json,
    parse_manifest,
)
from runtime.images.platforms import Platform
from runtime.images.slices import Slice
from runtime.images.sources import Source

MARKER = "oci-layout"
INDEX = "index.json"
DEPTH_LIMIT = 5
# containerd and docker 25 write the whole name here; everybody else the tag, or the name, in ref.name.
FULL_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
# What buildkit marks provenance and the like with: they look like images of an unknown platform.
_ATTESTATION = "vnd.docker.reference.type"

Choice = Callable[[list[tuple[Descriptor, Platform]]], list[Descriptor]]


class Layout:
    """`choose` picks among the manifests of an index for several platforms; `known` says whether a blob that the
    layout lacks is in the store already."""

    def __init__(self, source: Source, choose: Choice, known: Callable[[str], bool]) -> None:
        self._source = source
        self._choose = choose
        self._known = known
        self._read = 0

    def candidates(self) -> list[Candidate]:
        self._check_marker()
        index = parse_index(self._source.read(INDEX, DOCUMENT_LIMIT), f"{self._source.what}: {INDEX}")
        groups: dict[tuple[str, ...], list[Descriptor]] = {}
        for descriptor in index.manifests:
            # Entries of one name are one image for several platforms; entries without one are images of their own.
            names = self._names(descriptor)
            groups.setdefault(names or (descriptor.digest,), []).append(descriptor)
        found: list[Candidate] = []
        for key, descriptors in groups.items():
            names = self._names(descriptors[0]) and key
            found.extend(self._image(descriptors, names))
        return found

    def _image(self, descriptors: list[Descriptor], names: tuple[str, ...]) -> list[Candidate]:
        manifests = [found for descriptor in descriptors for found in self._flatten(descriptor, ())]
        options = [(descriptor, self._platform(descriptor)) for descriptor in manifests]
        chosen = self._choose(options) if len(options) > 1 else [descriptor for descriptor, _ in options]
        return [self._candidate(descriptor, names) for descriptor in chosen]

    def _flatten(self, descriptor: Descriptor, above: tuple[str, ...]) -> list[Descriptor]:
        """The manifests below a descriptor, whatever indexes are in between."""
        if _ATTESTATION in descriptor.annotations:
            return []
        if descriptor.media_type not in media.INDEXES:
            return [descriptor]
        if descriptor.digest in above:
            raise Damaged(f"{self._source.what}: the index {descriptor.digest} contains itself")
        if len(above) >= DEPTH_LIMIT:
            raise TooLarge(f"{self._source.what}: more than {DEPTH_LIMIT} indexes inside each other")
        index = parse_index(self._document(descriptor), f"{self._source.what}: {descriptor.digest}")
        self._read += len(index.manifests)
        if self._read > INDEX_LIMIT:
            raise TooLarge(f"{self._source.what}: more than {INDEX_LIMIT} images in its indexes")
        # An index lists what other platforms need too, which the layout need not have.
        present = [entry for entry in index.manifests if self._source.find(_path(entry.digest)) is not None]
        if index.manifests and not present:
            raise Damaged(f"{self._source.what}: none of the images of the index {descriptor.digest} are there")
        return [found for entry in present for found in self._flatten(entry, (*above, descriptor.digest))]

    def _platform(self, descriptor: Descriptor) -> Platform:
        stated = descriptor.platform
        if stated is None:  # it may be left out; the configuration always says
            manifest = self._manifest(descriptor)
            stated = parse_json(self._document(manifest.config), f"{self._source.what}: {manifest.config.digest}")
        return Platform(
            *(str(stated.get(key) or "") for key in ("os", "architecture", "variant")),
        )

    def _manifest(self, descriptor: Descriptor) -> Manifest:
        if descriptor.media_type in media.SCHEMA1:
            raise Unsupported(f"{self._source.what} holds an image of docker's schema 1", "save it with a newer tool")
        if descriptor.media_type not in media.MANIFESTS:
            raise Unsupported(f"{self._source.what}: {descriptor.media_type!r} is not an image's manifest")
        return parse_manifest(self._document(descriptor), f"{self._source.what}: manifest {descriptor.digest}")

    def _candidate(self, descriptor: Descriptor, names: tuple[str, ...]) -> Candidate:
        manifest = self._manifest(descriptor)
        content = self._document(manifest.config)
        what = f"{self._source.what}: configuration {manifest.config.digest}"
        configuration = parse_configuration(content, what)
        if len(configuration.diff_ids) != len(manifest.layers):
            raise Damaged(
                f"{what} promises {len(configuration.diff_ids)} layers, and its manifest has {len(manifest.layers)}"
            )
        parts = tuple(self._part(diff_id, layer) for diff_id, layer in zip(configuration.diff_ids, manifest.layers))
        return Candidate(
            identifier=manifest.config.digest,
            content=content,
            configuration=configuration,
            layers=parts,
            names=names,
            manifest=self._document(descriptor),
            manifest_digest=descriptor.digest,
        )

    def _part(self, diff_id: str, layer: Descriptor) -> LayerPart:
        path = _path(layer.digest)
        found = self._source.find(path)
        if found is None:
            if not self._known(layer.digest):
                raise Damaged(
                    f"{self._source.what} lacks the layer {layer.digest}",
                    "fetch or make the archive again, with all of its layers",
                )
            return LayerPart(diff_id, layer, None)
        if found.size != layer.size:
            raise Damaged(
                f"{self._source.what}: the layer {layer.digest} has {found.size} bytes and should have {layer.size}"
            )
        return LayerPart(diff_id, layer, partial(_open, self._source, path))

    def _document(self, descriptor: Descriptor) -> bytes:
        """A blob that is JSON, verified."""
        what = f"{self._source.what}: {descriptor.digest}"
        if descriptor.size > DOCUMENT_LIMIT:
            raise TooLarge(f"{what} claims {descriptor.size} bytes; the limit is {DOCUMENT_LIMIT}")
        content = self._source.read(_path(descriptor.digest), DOCUMENT_LIMIT)
        if len(content) != descriptor.size:
            raise Damaged(f"{what} has {len(content)} bytes and should have {descriptor.size}")
        check_identifier(descriptor.digest, content, what)
        return content

    def _check_marker(self) -> None:
        if self._source.find(MARKER) is None:
            raise Damaged(f"{self._source.what} lacks the file {MARKER!r} that every OCI layout has")
        marker = parse_json(self._source.read(MARKER, DOCUMENT_LIMIT), f"{self._source.what}: {MARKER}")
        version: Any = marker.get("imageLayoutVersion")
        if not isinstance(version, str) or version.split(".")[0] != "1":
            raise Unsupported(f"{self._source.what}: OCI layout version {version!r}; this program knows 1.0.0")

    def _names(self, descriptor: Descriptor) -> tuple[str, ...]:
        what = f"{self._source.what}: {INDEX}"
        if full := descriptor.annotations.get(FULL_NAME):
            return canonical_names([full], what)
        name = descriptor.annotations.get(REF_NAME, "")
        if not name:
            return ()
        # The specification leaves it open what this is: for most tools a tag, for some a whole name. A tag alone gets
        # the layout's own name, under localhost so that it cannot pass for a registry's.
        whole = name if any(mark in name for mark in "/:") else f"localhost/{self._stem()}:{name}"
        try:
            return (str(reference.parse(whole).tagged()),)
        except InvalidInput:
            return ()

    def _stem(self) -> str:
        stem = os.path.basename(os.path.abspath(self._source.what)).lower()
        for suffix in (".gz", ".zst", ".xz", ".bz2", ".tar", ".tgz", ".oci"):
            stem = stem.removesuffix(suffix)
        return stem


def _path(digest: str) -> str:
    return f"blobs/{digests.algorithm_of(digest)}/{digests.hex_of(digest)}"


def _open(source: Source, path: str) -> Slice:
    return source.open(path)
