"""Overlay that keeps its marks in user.* attributes: Linux 5.11, for who may not set trusted.*. On the launch path."""

from __future__ import annotations

from backends.storage.overlay import OverlayStorage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.marks import Marks


class UserOverlayStorage(OverlayStorage):
    """In a user namespace, on a file system with user attributes."""

    name = "overlay-user"
    title = "the kernel's overlay file system, with marks of an ordinary user"
    dialect = ",userxattr"
    pinned = ("index",)  # it has no redirects and no metacopy, and does not want to hear of them

    def _marks(self) -> Marks:
        from backends.storage.marks import USER

        return USER
