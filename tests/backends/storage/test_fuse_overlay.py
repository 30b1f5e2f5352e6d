from __future__ import annotations

import os
import shutil

import pytest

from backends.storage.fuse_overlay import FuseOverlayStorage
from tests.contract.storage import StorageContract


@pytest.mark.skipif(not shutil.which("fuse-overlayfs"), reason="fuse-overlayfs is not installed")
@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="there is no /dev/fuse")
class TestFuseOverlay(StorageContract):
    backend = FuseOverlayStorage
    deep = 300  # it works with paths, so theirs is the limit
