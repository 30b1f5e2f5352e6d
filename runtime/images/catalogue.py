"""The record of images and of the names that stand for them: one file, replaced whole under a lock.

images      {ID: Entry}: what `images` shows without opening a blob, and what the image keeps alive
references  {canonical name: [ID, ...]}: one for each platform, the preferred first
"""

from __future__ import annotations

from runtime import records
from runtime.errors import Damaged
from runtime.images import ballast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.paths import Paths

SCHEMA = 1


class Catalogue:
    """A copy of the record. Change it between `Editing(paths)`'s enter and exit only."""

    __slots__ = ("images", "references")

    def __init__(self, images: dict[str, dict[str, Any]], references: dict[str, list[str]]) -> None:
        self.images = images
        self.references = references

    def names_of(self, identifier: str) -> list[str]:
        return sorted(name for name, targets in self.references.items() if identifier in targets)

    def point(self, name: str, identifiers: list[str]) -> None:
        self.references[name] = list(identifiers)

    def forget_name(self, name: str, identifier: str = "") -> None:
        """Drops a name, or only its one meaning."""
        left = [target for target in self.references.get(name, []) if identifier and target != identifier]
        if left:
            self.references[name] = left
        else:
            self.references.pop(name, None)

    def forget(self, identifier: str) -> None:
        self.images.pop(identifier, None)
        for name in self.names_of(identifier):
            self.forget_name(name, identifier)

    def blobs(self) -> set[str]:
        """Every blob that an image keeps alive."""
        alive: set[str] = set()
        for identifier, entry in self.images.items():
            alive.add(identifier)
            alive.add(entry["manifest"])
            alive.update(entry["blobs"])
        return alive

    def layers(self) -> set[str]:
        """Every storage layer that an image keeps alive."""
        return {layer for entry in self.images.values() for layer in entry["layers"]}

    def layer_sizes(self) -> dict[str, int]:
        return {
            layer: size for entry in self.images.values() for layer, size in zip(entry["layers"], entry["layer_sizes"])
        }


_FIELDS = {"manifest": str, "blobs": list, "layers": list, "layer_sizes": list, "created": str, "architecture": str}


def read(paths: Paths) -> Catalogue:
    """The record as it is now. Damaged."""
    path = paths.references
    try:
        record = records.load(path, SCHEMA)
    except FileNotFoundError:
        return Catalogue({}, {})
    images, references = record.get("images"), record.get("references")
    if not isinstance(images, dict) or not isinstance(references, dict):
        raise Damaged(f"{path} is damaged: it lacks its images or references", f"move {path} away and load again")
    for identifier, entry in images.items():
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), kind) for key, kind in _FIELDS.items()):
            raise Damaged(f"{path} is damaged: the image {identifier}", f"move {path} away and load the images again")
    # A name without its image is what a hand in the file leaves; it means nothing.
    kept = {name: [target for target in targets if target in images] for name, targets in references.items()}
    return Catalogue(images, {name: targets for name, targets in kept.items() if targets})


class Editing:
    """`with Editing(paths) as catalogue:` reads under the lock, and writes at the end unless something was raised."""

    __slots__ = ("_catalogue", "_lock", "_paths")

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._lock = records.Lock(paths.lock("references"))

    def __enter__(self) -> Catalogue:
        self._lock.acquire()
        try:
            self._catalogue = read(self._paths)
        except BaseException:
            self._lock.release()
            raise
        return self._catalogue

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                content = {"images": self._catalogue.images, "references": self._catalogue.references}
                ballast.spend(self._paths, lambda: records.store(self._paths.references, content, SCHEMA))
        finally:
            self._lock.release()
