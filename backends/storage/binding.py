"""Showing a folder of the store somewhere else, as it is, read-only or with shifted owners. On the launch path."""

from __future__ import annotations

from arch import kernel
from backends.storage.mountinfo import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.shift import Owners


def bind(tree: str, target: str, read_only: bool, owners: Owners | None) -> None:
    """OSError."""
    if owners is not None:
        from backends.storage import shift

        shift.show(tree, target, owners)
    else:
        kernel.mount(tree, target, None, kernel.MS_BIND)
    if read_only:
        # A bind takes no other flag along before a second call (mount(2)).
        kernel.mount(None, target, None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY)


def bound(layer: str, tree: str) -> bool:
    """Whether a mount of this mount namespace shows the layer's tree itself."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        roots = [line.split(" ", 4)[3] for line in mounts if layer in line]
    # The root of a mount is a path from its file system's own root: the end of ours.
    return any(root.endswith(f"/layers/{layer}/tree") and tree.endswith(plain(root)) for root in roots)
