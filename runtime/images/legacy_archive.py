"""Archives of docker before 1.10 (image specification 1.0): a folder for each layer with `json` and `layer.tar`, each
naming its parent, and `repositories` with the tags. The configuration is made here, as docker made it on migrating."""

from __future__ import annotations

from functools import partial
from typing import Any

from runtime import records
from runtime.errors import Damaged, TooLarge
from runtime.images import digest as digests
from runtime.images.candidate import Candidate, LayerPart, canonical_names
from runtime.images.compression import SAMPLE, expand, recognise
from runtime.images.models import DOCUMENT_LIMIT, LAYER_LIMIT, parse_configuration, parse_json
from runtime.images.slices import Slice
from runtime.images.sources import Source

REPOSITORIES = "repositories"
_CHUNK = 1 << 20
# Fields of the 1.0 document that describe the layer and its place, not the image.
_DROPPED = ("id", "parent", "layer_id", "Size", "parent_id", "throwaway")


def candidates(source: Source) -> list[Candidate]:
    repositories = parse_json(source.read(REPOSITORIES, DOCUMENT_LIMIT), f"{source.what}: {REPOSITORIES}")
    names: dict[str, list[str]] = {}
    for repository, tags in repositories.items():
        if not isinstance(tags, dict):
            raise Damaged(f"{source.what}: {REPOSITORIES}: {repository} is not an object of tags")
        for tag, top in tags.items():
            if not isinstance(top, str):
                raise Damaged(f"{source.what}: {REPOSITORIES}: {repository}:{tag} is not an identifier")
            names.setdefault(top, []).append(f"{repository}:{tag}")
    return [_candidate(source, top, tags) for top, tags in names.items()]


def _candidate(source: Source, top: str, names: list[str]) -> Candidate:
    chain = _chain(source, top)
    parts = []
    for document in chain:
        name = f"{document['id']}/layer.tar"
        parts.append(LayerPart(_diff_id(source.open(name)), None, partial(source.open, name)))
    content = records.encode(_configuration(chain, [part.diff_id for part in parts])).encode("ascii")
    configuration = parse_configuration(content, f"{source.what}: {top}")
    tags = canonical_names(names, f"{source.what}: {REPOSITORIES}")
    return Candidate(digests.of(content), content, configuration, tuple(parts), tags)


def _chain(source: Source, top: str) -> list[dict[str, Any]]:
    """The documents from the base to `top`."""
    chain: list[dict[str, Any]] = []
    seen: set[str] = set()
    current: object = top
    while current:
        if not isinstance(current, str) or "/" in current:
            raise Damaged(f"{source.what}: {str(current)[:100]!r} is not a layer's identifier")
        if current in seen:
            raise Damaged(f"{source.what}: the layers of {top} are their own parents", "make the archive again")
        if len(chain) >= LAYER_LIMIT:
            raise TooLarge(f"{source.what}: {top} has more than {LAYER_LIMIT} layers")
        seen.add(current)
        document = parse_json(source.read(f"{current}/json", DOCUMENT_LIMIT), f"{source.what}: {current}/json")
        chain.append({**document, "id": current})
        current = document.get("parent")
    return chain[::-1]


def _configuration(chain: list[dict[str, Any]], diff_ids: list[str]) -> dict[str, Any]:
    top = {key: value for key, value in chain[-1].items() if key not in _DROPPED}
    top["history"] = [_history(document) for document in chain]
    top["rootfs"] = {"type": "layers", "diff_ids": diff_ids}
    return top


def _history(document: dict[str, Any]) -> dict[str, Any]:
    command = (document.get("container_config") or {}).get("Cmd") or []
    entry = {"created": document.get("created"), "created_by": " ".join(str(word) for word in command)}
    entry.update({key: document[key] for key in ("author", "comment") if document.get(key)})
    return entry


def _diff_id(part: Slice) -> str:
    """Nothing in these archives promises a digest, so the layer is what it is."""
    start = part.read(SAMPLE)
    part.seek(0)
    stream = expand(part, recognise(start))  # type: ignore[arg-type]
    hasher = digests.hasher()
    while content := stream.read(_CHUNK):
        hasher.update(content)
    return f"sha256:{hasher.hexdigest()}"
