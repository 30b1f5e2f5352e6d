"""What `docker save` writes (moby's image specification 1.2): manifest.json, and the files that it names."""

from __future__ import annotations

from functools import partial
from typing import Any

from runtime import records
from runtime.errors import Damaged, TooLarge
from runtime.images import digest as digests
from runtime.images.candidate import Candidate, LayerPart, canonical_names
from runtime.images.models import DOCUMENT_LIMIT, LAYER_LIMIT, parse_configuration
from runtime.images.sources import Source

MANIFEST = "manifest.json"
IMAGE_LIMIT = 1000


def entries(source: Source) -> list[dict[str, Any]]:
    """The entries of manifest.json, none if there is no such file."""
    if source.find(MANIFEST) is None:
        return []
    what = f"{source.what}: {MANIFEST}"
    try:
        document = records.decode(source.read(MANIFEST, DOCUMENT_LIMIT).decode("utf-8"))
    except ValueError as error:
        raise Damaged(f"{what} is not JSON: {error}") from error
    if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
        raise Damaged(f"{what} is not a list of images", "is it an archive that docker save made?")
    if len(document) > IMAGE_LIMIT:
        raise TooLarge(f"{what} has {len(document)} images; the limit is {IMAGE_LIMIT}")
    return document


def candidates(source: Source) -> list[Candidate]:
    return [_candidate(source, entry, f"{source.what}: image {number}") for number, entry in enumerate(entries(source))]


def _candidate(source: Source, entry: dict[str, Any], what: str) -> Candidate:
    config, layers = entry.get("Config"), entry.get("Layers")
    layers = [] if layers is None else layers
    if not isinstance(config, str) or not isinstance(layers, list) or not all(isinstance(name, str) for name in layers):
        raise Damaged(f"{what}: Config is not a file's name, or Layers not a list of them")
    if len(layers) > LAYER_LIMIT:
        raise TooLarge(f"{what} has {len(layers)} layers; the limit is {LAYER_LIMIT}")
    content = source.read(config, DOCUMENT_LIMIT)
    configuration = parse_configuration(content, f"{source.what}: {config}")
    if len(configuration.diff_ids) != len(layers):
        raise Damaged(f"{what} has {len(layers)} layers, and {config} promises {len(configuration.diff_ids)}")
    identifier = digests.of(content)
    _check_named(config, identifier, what)
    parts = tuple(
        LayerPart(diff_id, None, partial(source.open, name)) for diff_id, name in zip(configuration.diff_ids, layers)
    )
    return Candidate(identifier, content, configuration, parts, canonical_names(entry.get("RepoTags"), what))


def _check_named(name: str, identifier: str, what: str) -> None:
    """A configuration is named after its digest: HEX.json, or blobs/sha256/HEX since docker 25."""
    stem = name.rpartition("/")[2].partition(".")[0]
    looks_like_digest = len(stem) == 64 and all(letter in "0123456789abcdef" for letter in stem)
    if looks_like_digest and stem != digests.hex_of(identifier):
        raise Damaged(f"{what}: {name} does not match the digest in its name", "fetch or make the archive again")
