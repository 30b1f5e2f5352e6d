"""The marks by which a layer says that something below is gone: in archives by name (OCI image-spec, layer.md), in
overlay's folders by devices and attributes (Documentation/filesystems/overlayfs.rst)."""

from __future__ import annotations

import errno
import os
from stat import S_ISCHR, S_ISLNK

PREFIX = b".wh."
OPAQUE = b".wh..wh..opq"
# aufs's own bookkeeping (.wh..wh.aufs, .wh..wh.orph, .wh..wh.plnk), which old images still carry.
META = b".wh..wh."

ATTRIBUTE = "trusted.overlay.opaque"
USER_ATTRIBUTE = "user.overlay.opaque"
_NONE = frozenset((errno.ENODATA, errno.ENOTSUP, errno.EPERM))


class Marks:
    """How one kind of layers says what is gone.

    attribute   of a folder through which nothing is seen
    links       whiteouts may also be links with a whiteout's attribute, as Ubuntu's overlayfs before its version 22 had
    names       whiteouts and opaque folders may also be files of the names that archives have, as aufs keeps them
    """

    __slots__ = ("attribute", "links", "names")

    def __init__(self, attribute: str, links: bool = False, names: bool = False) -> None:
        self.attribute = attribute
        self.links = links
        self.names = names

    def opaque(self, path: bytes) -> bool:
        """Whether nothing is seen through this folder."""
        try:
            if os.getxattr(path, self.attribute) == b"y":
                return True
        except OSError as error:
            if error.errno not in _NONE:
                raise
        return self.names and os.path.lexists(path + b"/" + OPAQUE)

    def whiteout(self, path: bytes, status: os.stat_result) -> bool:
        if is_whiteout(status):
            return True
        if not self.links or not S_ISLNK(status.st_mode) or os.readlink(path) != _LINK:
            return False
        try:
            return os.getxattr(path, _LINK_ATTRIBUTE, follow_symlinks=False) == b"y"
        except OSError as error:
            if error.errno in _NONE:
                return False
            raise

    def named(self, name: bytes) -> bytes:
        """What an entry hides by its own name: the name of another one, OPAQUE for all, META for nothing of ours;
        empty for an ordinary entry."""
        if not self.names or not name.startswith(PREFIX):
            return b""
        if name == OPAQUE:
            return OPAQUE
        return META if name.startswith(META) else name[len(PREFIX) :]

    def bookkeeping(self, path: bytes, status: os.stat_result) -> bool:
        """Whether an entry is a mark, and no file of the layer."""
        return bool(self.named(path.rpartition(b"/")[2])) or self.whiteout(path, status)


_LINK = b"(overlay-whiteout)"
_LINK_ATTRIBUTE = "trusted.overlay.whiteout"

TRUSTED = Marks(ATTRIBUTE)
USER = Marks(USER_ATTRIBUTE)
LEGACY = Marks(ATTRIBUTE, links=True)
AUFS = Marks("trusted.overlay.opaque", names=True)
FUSE = Marks(ATTRIBUTE, names=True)


def is_whiteout(status: os.stat_result) -> bool:
    return S_ISCHR(status.st_mode) and status.st_rdev == 0
