"""One suite for all storage backends: a backend's tests derive a class and name the backend."""

from __future__ import annotations

import pytest

from tests.contract.shown import A, C
from tests.contract.storage_changes import ChangesContract
from tests.contract.storage_contents import ContentsContract
from tests.contract.storage_crashes import CrashesContract
from tests.contract.storage_hostility import HostilityContract
from tests.contract.storage_layers import LayersContract
from tests.contract.storage_whiteouts import WhiteoutsContract


@pytest.mark.live
class StorageContract(
    LayersContract, ContentsContract, WhiteoutsContract, HostilityContract, ChangesContract, CrashesContract
):
    """Derive, and say which: `backend = OverlayStorage`."""


__all__ = ["A", "C", "StorageContract"]
