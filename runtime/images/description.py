"""What `inspect` and `history` say of an image, in the shape of docker's API."""

from __future__ import annotations

from runtime.images import reference
from runtime.images.image import Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.images.store import ImageStore


def inspect(store: ImageStore, image: Image) -> dict[str, Any]:
    document = image.config
    return {
        "Id": image.id,
        "RepoTags": image.references,
        "RepoDigests": sorted({f"{_repository(name)}@{image.manifest}" for name in image.names if name[0] != "@"}),
        "Parent": "",
        "Comment": _last(document).get("comment", ""),
        "Created": document.get("created") or "",
        "Author": document.get("author") or "",
        "Config": document.get("config") or {},
        "Architecture": document.get("architecture") or "",
        "Variant": document.get("variant") or "",
        "Os": document.get("os") or "linux",
        "Size": image.size,
        "VirtualSize": image.size,
        "GraphDriver": {"Name": store.storage.name, "Data": {"Layers": image.layers}},
        "RootFS": {"Type": "layers", "Layers": list((document.get("rootfs") or {}).get("diff_ids") or [])},
        "Descriptor": {"digest": image.manifest},
    }


def history(image: Image) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    number = 0
    for entry in entries_of(image):
        filled = not entry.get("empty_layer")
        rows.append(
            {
                "Id": "<missing>",
                "Created": entry.get("created") or "",
                "CreatedBy": entry.get("created_by") or "",
                "Size": image.layer_sizes[number] if filled else 0,
                "Comment": entry.get("comment") or "",
                "Tags": [],
            }
        )
        number += filled
    rows.reverse()
    if rows:
        rows[0].update(Id=image.id, Tags=image.references)
    return rows


def entries_of(image: Image) -> list[dict[str, Any]]:
    """One for each layer, and those without any. It is optional, and tools have written ones that do not match: then
    the layers are what is certain."""
    entries = [entry for entry in image.config.get("history") or [] if isinstance(entry, dict)]
    filled = sum(1 for entry in entries if not entry.get("empty_layer"))
    if filled > len(image.layers):
        entries, filled = [entry for entry in entries if entry.get("empty_layer")], 0
    unknown: list[dict[str, Any]] = [{} for _ in range(len(image.layers) - filled)]
    return unknown + entries


def _last(document: dict[str, Any]) -> dict[str, Any]:
    entries = document.get("history") or [{}]
    return entries[-1] if isinstance(entries[-1], dict) else {}


def _repository(name: str) -> str:
    return reference.parse(name).familiar_name
