from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.storage.overlay import OverlayStorage
from runtime.images.store import ImageStore
from runtime.paths import Paths


class Store(ImageStore):
    """A store of its own, and what is left in it."""

    def __init__(self, folder: Path, users: dict[str, str]) -> None:
        paths = Paths(str(folder / "root"), str(folder / "state"))
        paths.prepare()
        self.in_use = users
        super().__init__(paths, OverlayStorage(paths.storage("overlay")), lambda: self.in_use)

    def leftovers(self) -> list[str]:
        """Everything on disk that belongs to an image."""
        found = list(self.blobs.digests()) + sorted(self.storage.layers())
        for folder in (f"{self.paths.blobs}/incoming", self.paths.temporary, f"{self.paths.images}/suspects"):
            if os.path.isdir(folder):
                found += os.listdir(folder)
        return found

    def content(self, text: str) -> dict[str, str]:
        """The files of an image whose layers lie in folders, by name."""
        found = {}
        for layer in self.look_up(text).layers:
            tree = Path(self.paths.storage("overlay")) / "layers" / layer / "tree"
            found.update({path.name: path.read_text() for path in tree.iterdir() if path.is_file()})
        return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield Store(tmp_path / "store", {})
