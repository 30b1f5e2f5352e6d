from __future__ import annotations

from backends.storage.copy import CopyStorage
from tests.contract.storage import StorageContract


class TestCopy(StorageContract):
    backend = CopyStorage
