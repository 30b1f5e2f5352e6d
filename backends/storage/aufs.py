"""Layers as branches of aufs: kernels of the 3.x years of Debian and Ubuntu, and others with its patches. On the launch
path."""

from __future__ import annotations

import errno
import os

from arch import kernel
from backends.storage.overlay import OverlayStorage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.marks import Marks
    from backends.storage.record import Record
    from backends.storage.registry import Making
    from backends.storage.view import View
    from backends.storage.whiteouts import AufsWhiteouts

_PAGE = 4096
# Off: pseudo-links would have to be flushed before every unmount (auplink(8)); each branch keeps its own hard links.
# The table of inode numbers lies in memory, because a layer's file system may not take it (aufs(5), "xino").
_ALWAYS = ",noplink,xino=/dev/shm/aufs.xino"
# What a folder permits is asked of the topmost branch alone, as a merged tree should; of 3.13 and later.
_DIRPERM = ",dirperm1"


class AufsStorage(OverlayStorage):
    """Marks are files, named as in archives; up to 127 branches, which need not fit one page: the rest is appended by
    remounting."""

    name = "aufs"
    title = "aufs"
    kind = "aufs"
    deepest = 125  # branches below a container: it is one itself

    def _marks(self) -> Marks:
        from backends.storage.marks import AUFS

        return AUFS

    def _options(self, record: Record, read_only: bool, label: str) -> str:
        lower = [f"links/{link}" for link in record.links]
        if read_only:
            top = f"layers/{record.name}/tree" if record.writable else f"links/{record.link}"
            branches = [f"{top}=ro+wh"]
        else:
            branches = [f"layers/{record.name}/tree=rw"]
        # +wh: a branch that is never written to has whiteouts all the same.
        branches += [f"{path}=ro+wh" for path in lower]
        options = "br=" + ":".join(branches) + _ALWAYS
        return options + (f',context="{label}"' if label else "")

    def _mount(self, target: str, flags: int, options: str) -> None:
        self._mount_from(self.folder, self._source(), target, flags, options, paged=False)

    def _call(self, source: str, target: str, flags: int, options: str) -> None:
        for more in (_DIRPERM, ""):
            first, rest = paginate(options + more)
            try:
                kernel.mount(source, target, self.kind, flags, first)
            except OSError as error:
                if error.errno != errno.EINVAL or not more:
                    raise
                continue
            try:
                for branch in rest:
                    kernel.mount(source, target, self.kind, flags | kernel.MS_REMOUNT, f"append:{branch}")
            except OSError:
                kernel.umount(target, kernel.MNT_DETACH)
                raise
            return

    # ----------------------------------------------------------------------------------- off the launch path

    def _make_work(self, making: Making) -> None:
        return

    def _whiteouts(self, making: Making, view: View) -> AufsWhiteouts:
        from backends.storage.whiteouts import AufsWhiteouts

        return AufsWhiteouts(making.tree, view)


def paginate(options: str, page: int = _PAGE) -> tuple[str, list[str]]:
    """The options of a first mount(2), and the branches that have to be appended to it, so that each fits a page."""
    if len(os.fsencode(options)) < page:
        return options, []
    head, comma, rest = options.partition(",")
    branches = head[len("br=") :].split(":")
    left = []
    while len(branches) > 1 and len(os.fsencode("br=" + ":".join(branches) + comma + rest)) >= page:
        left.append(branches.pop())
    return "br=" + ":".join(branches) + comma + rest, left[::-1]
