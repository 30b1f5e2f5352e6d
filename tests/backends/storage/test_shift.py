from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from arch import kernel
from backends.storage.copy import CopyStorage
from backends.storage.overlay import OverlayStorage
from backends.storage.shift import Owners

MAP = [{"containerID": 0, "hostID": 500000, "size": 1000}]
LAYER = "a" * 64


def in_own_mounts(action: Callable[[], None]) -> int:
    """Its status, from a child whose mounts nobody sees."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            kernel.unshare(kernel.CLONE_NEWNS)
            kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
            action()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.live
@pytest.mark.parametrize("backend", [OverlayStorage, CopyStorage])
def test_owners_are_shifted_in_what_is_shown_and_not_in_what_is_kept(
    backend: type[OverlayStorage] | type[CopyStorage], tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("privilege.root: not running as root")
    storage = backend(str(tmp_path / "store"))
    storage.create(LAYER, None)
    target = tmp_path / "root"
    target.mkdir()

    def write() -> None:
        where = storage.mount(LAYER, str(target), owners=Owners(MAP, MAP))
        os.chown(where, 500000, 500000)
        root = os.open(where, os.O_PATH)
        os.setegid(500007)
        os.seteuid(500000)
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=root))
        assert os.stat("file", dir_fd=root).st_uid == 500000

    assert in_own_mounts(write) == 0
    kept = os.stat(f"{storage.registry.tree(LAYER)}/file")
    assert (kept.st_uid, kept.st_gid) == (0, 7)


def test_who_is_who_follows_the_map() -> None:
    owners = Owners(MAP, [{"containerID": 10, "hostID": 20, "size": 5}])
    assert owners.outside(999, 14) == (500999, 24)
    with pytest.raises(KeyError):
        owners.outside(1000, 14)
