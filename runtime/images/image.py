"""An image in the store, as the rest of the program sees it."""

from __future__ import annotations

from runtime.images import platforms, reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.images.platforms import Platform


class Image:
    """Of `config`, what a container wants is under "config" (Env, Cmd, Entrypoint, User, ...).

    id          docker's image ID: the digest of its configuration
    manifest    the digest of its manifest
    chain       the storage layer that a container stands on; None for an image without layers
    layers      all its storage layers, the base first, each with its size in bytes in `layer_sizes`
    names       canonical, sorted
    """

    __slots__ = ("config", "created", "id", "layer_sizes", "layers", "manifest", "names", "platform")

    def __init__(self, identifier: str, entry: dict[str, Any], names: list[str], config: dict[str, Any]) -> None:
        self.id = identifier
        self.manifest: str = entry["manifest"]
        self.layers: list[str] = entry["layers"]
        self.layer_sizes: list[int] = entry["layer_sizes"]
        self.created: str = entry["created"]
        self.platform: Platform = platforms.Platform(
            entry.get("os", "linux"), entry["architecture"], entry.get("variant", "")
        )
        self.names = names
        self.config = config

    @property
    def chain(self) -> str | None:
        return self.layers[-1] if self.layers else None

    @property
    def size(self) -> int:
        return sum(self.layer_sizes)

    @property
    def short(self) -> str:
        return self.id.partition(":")[2][:12]

    @property
    def references(self) -> list[str]:
        """The names as people write them."""
        return [familiar(name) for name in self.names]


def familiar(name: str) -> str:
    return name if name.startswith("@") else reference.parse(name).familiar
