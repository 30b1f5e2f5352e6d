from __future__ import annotations

from backends.storage.overlay import OverlayStorage
from tests.contract.storage import StorageContract


class TestOverlay(StorageContract):
    backend = OverlayStorage
