"""What the backends have in common whose every layer is a whole tree, shown without a union. On the launch path."""

from __future__ import annotations

from backends.errors import StorageError
from backends.storage.binding import bind, bound
from backends.storage.store import LayerStore, storage_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from backends.storage.changes import Change, Untouched
    from backends.storage.record import Record
    from backends.storage.registry import Making
    from backends.storage.shift import Owners


class WholeTrees(LayerStore):
    """No mount for a writable layer, so no label of its own."""

    def mount(
        self, layer: str, target: str, label: str = "", read_only: bool = False, owners: Owners | None = None
    ) -> str:
        if label:
            raise StorageError(
                f"the layer {layer} cannot be mounted with the label {label}: it is shown without a mount",
                "use the overlay storage backend, or no label",
            )
        record = self.registry.get(layer)
        tree = self.registry.tree(layer)
        if not read_only:
            if not record.writable:
                raise StorageError(f"the layer {layer} is an image's: it can only be mounted read-only")
            if owners is None:
                return tree
        try:
            bind(tree, target, read_only, owners)
        except OSError as error:
            raise storage_error(f"cannot mount the layer {layer} on {target}", error) from error
        return target

    def mounted(self, layer: str) -> bool:
        return bound(layer, self.registry.tree(layer))

    # ----------------------------------------------------------------------------------- off the launch path

    def _untouched(self, record: Record) -> Untouched:
        """What of a writable layer is known to be as it was."""
        raise NotImplementedError

    def _unpack(self, making: Making, archive: BinaryIO) -> int:
        from backends.storage.limits import Limits
        from backends.storage.unpack import unpack
        from backends.storage.view import View
        from backends.storage.whiteouts import CopyWhiteouts

        return unpack(archive, making.tree, CopyWhiteouts(), View([]), self.limits or Limits())

    def _changes(self, layer: str) -> list[Change]:
        from backends.storage.changes import copy_changes
        from backends.storage.view import View

        record = self.registry.get(layer)
        below = [self.registry.tree(record.parent)] if record.parent else []
        with View(below) as view:
            return copy_changes(self.registry.tree(layer), view, self._untouched(record))
