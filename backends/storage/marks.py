"""The marks by which a layer says that something below is gone: in archives by name (OCI image-spec, layer.md), in
overlay's folders by devices and attributes (Documentation/filesystems/overlayfs.rst)."""

from __future__ import annotations

import errno
import os
from stat import S_ISCHR

PREFIX = b".wh."
OPAQUE = b".wh..wh..opq"
# aufs's own bookkeeping (.wh..wh.aufs, .wh..wh.orph, .wh..wh.plnk), which old images still carry.
META = b".wh..wh."

ATTRIBUTE = "trusted.overlay.opaque"


def is_opaque(path: bytes | int) -> bool:
    """Whether overlay sees nothing through this folder."""
    try:
        return os.getxattr(path, ATTRIBUTE) == b"y"
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP, errno.EPERM):
            return False
        raise


def is_whiteout(status: os.stat_result) -> bool:
    return S_ISCHR(status.st_mode) and status.st_rdev == 0
