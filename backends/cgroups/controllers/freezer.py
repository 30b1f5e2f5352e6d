"""Stopping and letting go of all processes at once: v1's freezer.state, v2's cgroup.freeze (Linux 5.2)."""

from __future__ import annotations

from backends.cgroups.folder import PATIENCE, Patience
from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.folder import Folder


def freeze(folder: Folder, version: int, patience: float = PATIENCE) -> None:
    """Returns once all are frozen; where that fails they are thawed again. CgroupError."""
    waiting = Patience(patience)
    begin(folder, version)
    while not frozen(folder, version):
        if not waiting.more():
            thaw(folder, version)
            raise CgroupError(
                f"the processes in {folder.path} did not freeze in {patience:g} s, and run again",
                "a process waits in the kernel for a disk or a network file system that does not answer",
            )
        if version == 1:
            begin(folder, version)  # kernels before 3.3 stay at FREEZING until they are told again


def begin(folder: Folder, version: int) -> None:
    """Does not wait."""
    _write(folder, version, True)


def thaw(folder: Folder, version: int) -> None:
    _write(folder, version, False)


def frozen(folder: Folder, version: int) -> bool:
    if version == 1:
        return folder.find("freezer.state") == "FROZEN"
    return "frozen 1" in folder.find("cgroup.events").splitlines()


def _write(folder: Folder, version: int, on: bool) -> None:
    if version == 1:
        folder.set("pause", "freezer.state", "FROZEN" if on else "THAWED")
    else:
        folder.set("pause", "cgroup.freeze", "1" if on else "0")
