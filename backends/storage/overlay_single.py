"""Overlay where it takes one lower folder: Linux 3.18 and 3.19, and Ubuntu's overlayfs before. On the launch path."""

from __future__ import annotations

import errno

from backends.storage.binding import bind, bound
from backends.storage.overlay import OverlayStorage
from backends.storage.store import storage_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.storage.marks import Marks
    from backends.storage.record import Record
    from backends.storage.shift import Owners


class SingleOverlayStorage(OverlayStorage):
    """Every image layer is a whole tree, in which what it has from its parent are hard links."""

    name = "overlay-single"
    title = "the kernel's overlay file system, with one lower folder"
    deepest = 0

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        if not read_only or self.registry.get(layer).writable:
            return super().mount(layer, target, label, read_only, owners)
        try:
            bind(self.registry.tree(layer), target, True, owners)  # its tree is all there is to see
        except OSError as error:
            raise storage_error(f"cannot mount the layer {layer} on {target}", error) from error
        return target

    def _options(self, record: Record, read_only: bool, label: str) -> str:
        # It wants an upper folder, be it only to be read.
        return super()._options(record, False, label)

    def mounted(self, layer: str) -> bool:
        return super().mounted(layer) or bound(layer, self.registry.tree(layer))


class LegacyOverlayStorage(SingleOverlayStorage):
    """Ubuntu's of 12.04 to 14.10. Its whiteouts are links until its version 22, which is also the first to know
    `workdir`."""

    name = "overlayfs"
    title = "Ubuntu's overlayfs of before Linux 3.18"
    kind = "overlayfs"

    def _marks(self) -> Marks:
        from backends.storage.marks import LEGACY

        return LEGACY

    def _call(self, source: str, target: str, flags: int, options: str) -> None:
        try:
            super()._call(source, target, flags, options)
        except OSError as error:
            if error.errno != errno.EINVAL or ",workdir=" not in options:
                raise
            super()._call(source, target, flags, without_work(options))


def without_work(options: str) -> str:
    return ",".join(part for part in options.split(",") if not part.startswith("workdir="))
