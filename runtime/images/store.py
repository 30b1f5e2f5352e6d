"""The images of this machine: finding, loading, naming, describing, saving, removing.

`find` is on the way of every `run`, so what only the other commands need is imported where they need it.
"""

from __future__ import annotations

from runtime import records
from runtime.errors import Ambiguous, NotFound, UnknownImage
from runtime.images import catalogue, platforms, reference
from runtime.images.blobs import BlobStore
from runtime.images.catalogue import Catalogue
from runtime.images.image import Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, BinaryIO

    from backends.contract import StorageBackend
    from runtime.images.platforms import Platform
    from runtime.paths import Paths

    Images = list[Image]  # inside the class, `list` is its method
    Texts = list[str]
    Rows = list[dict[str, Any]]

HOST = "@host"
_CONFIGURATION_LIMIT = 4 << 20
_HEX = frozenset("0123456789abcdef")
_HINT = (
    "registries come with a later version: take an image in with `load`, for example "
    "`skopeo copy docker://{0} docker-archive:image.tar:{0}` and `runtime load -i image.tar`, or use @host"
)

__all__ = ["HOST", "Image", "ImageStore"]


class ImageStore:
    """`users` says which images containers stand on: {image's id: a container's name}."""

    def __init__(
        self, paths: Paths, storage: StorageBackend, users: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        self.paths = paths
        self.storage = storage
        self.blobs = BlobStore(paths.blobs)
        self._users = users

    # -------------------------------------------------------------------------------------------------- finding

    def list(self) -> Images:
        """The newest first."""
        known = catalogue.read(self.paths)
        found = [self._image(known, identifier) for identifier in known.images]
        return sorted(found, key=lambda image: (image.created, image.id), reverse=True)

    def find(self, text: str, platform: str | None = None) -> Image:
        """By name, identifier, beginning of an identifier, or digest. Its layers are in the storage when this returns.

        `@host` is made when it is asked for. UnknownImage, Ambiguous, InvalidInput; NotFound for another platform.
        """
        if text == HOST:
            return self.host(platform)
        image = self.look_up(text, platform)
        self._ensure_unpacked(image)
        return image

    def look_up(self, text: str, platform: str | None = None) -> Image:
        """The same from what is on record, whatever has become of the layers."""
        known = catalogue.read(self.paths)
        return self._image(known, self._choose(known, self.identifiers(known, text), platform, text))

    def identifiers(self, known: Catalogue, text: str) -> Texts:
        """The images that a text names, one for each platform. UnknownImage, Ambiguous, InvalidInput."""
        if text in known.images:
            return [text]
        name = self.name_in(known, text)
        if name:
            return known.references[name]
        found = _by_prefix(known, text)
        if not found and "@" in text:
            found = _by_digest(known, text)
        if len(found) > 1:
            raise Ambiguous(
                f"{text!r} is the beginning of {len(found)} images' identifiers", "write more of its letters"
            )
        if found:
            return found
        raise UnknownImage(f"no image is called {text!r} here", _HINT.format(text))

    def name_in(self, known: Catalogue, text: str) -> str:
        """The canonical name that a text is, of an image that is here; empty if it is none. InvalidInput."""
        if text.startswith("@"):
            return text if text in known.references else ""
        if text.startswith("sha256:") or (len(text) == 64 and _HEX.issuperset(text)):
            return ""
        parsed = reference.parse(text).tagged()
        # What was loaded out of a layout without a whole name is under localhost; a short name reaches it too.
        domains = [parsed.domain] if "/" in text else [parsed.domain, "localhost"]
        for domain in domains:
            path = parsed.path[len(reference.OFFICIAL) :] if domain != parsed.domain else parsed.path
            name = str(reference.Reference(domain, path, parsed.tag, parsed.digest))
            if name in known.references:
                return name
        return ""

    def _choose(self, known: Catalogue, identifiers: Texts, platform: str | None, text: str) -> str:
        if len(identifiers) == 1 and not platform:
            return identifiers[0]
        options = [(identifier, _platform(known.images[identifier])) for identifier in identifiers]
        wanted = platforms.parse(platform) if platform else platforms.host()
        found = platforms.best(options, wanted)
        if found is None and platform:
            raise NotFound(
                f"the image {text} is not here for {wanted}, only for {platforms.list_of(one for _, one in options)}",
                "load it for that platform, or leave --platform away",
            )
        return found or identifiers[0]

    def _image(self, known: Catalogue, identifier: str) -> Image:
        content = self.blobs.read(identifier, _CONFIGURATION_LIMIT)
        config: dict[str, Any] = records.decode(content.decode("utf-8"))
        return Image(identifier, known.images[identifier], known.names_of(identifier), config)

    def _ensure_unpacked(self, image: Image) -> None:
        """Unpacks what the storage lacks, be it another backend than the images were loaded with."""
        if image.layers and not set(image.layers) <= set(self.storage.layers()):
            from runtime.images.unpacking import unpack

            unpack(self.paths, self.storage, image)

    # --------------------------------------------------------------------------------------------------- adding

    def load(self, given: str | BinaryIO, quiet: bool = True, platform: str = "") -> Texts:
        """From an archive (path or stream) or an OCI layout's folder: names, or identifiers where there are none.

        `platform` is one of an index's, or "all"; what this machine runs best otherwise.
        """
        from runtime.images.loading import Loading

        return Loading(self.paths, self.storage, platform).load(given)

    def import_root(
        self,
        stream: BinaryIO,
        name: str = "",
        changes: Iterable[str] = (),
        message: str = "",
        platform: str = "",
    ) -> Image:
        """A new image of one layer: a tar of a root filesystem, compressed or not. `changes` are lines as in a
        Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR."""
        from runtime.images.importing import import_root

        identifier = import_root(self.paths, self.storage, stream, name, tuple(changes), message, platform)
        return self.look_up(identifier)

    def commit(
        self,
        layer: str,
        base: str | None,
        config: dict[str, Any],
        name: str = "",
        message: str = "",
        author: str = "",
        changes: Iterable[str] = (),
    ) -> Image:
        """A new image: the image `base` (an identifier; None for a container on nothing) and what the storage's
        writable layer changed. `config` is the container's own (Env, Cmd, ...) and replaces the base's."""
        from runtime.images.committing import commit

        parent = self.look_up(base) if base else None
        identifier = commit(self.paths, self.storage, layer, parent, config, name, message, author, tuple(changes))
        return self.look_up(identifier)

    def host(self, platform: str | None = None) -> Image:
        """The image of this machine's own programs, made anew when they have changed."""
        from runtime.images import host_state

        if platform and platforms.parse(platform) != platforms.host():
            raise NotFound(
                f"{HOST} is made of this machine's own programs, for {platforms.host()} and not {platform}",
                "load an image for that platform",
            )
        identifier = host_state.current(self.paths, self.storage)
        if not identifier:
            from runtime.images import host_image, naming

            before = catalogue.read(self.paths).references.get(HOST, [])
            identifier = host_image.make(self.paths, self.storage)
            naming.forget_replaced(self, before)
        return self.look_up(identifier)

    # ------------------------------------------------------------------------------------ names, removing, the rest

    def tag(self, source: str, target: str) -> None:
        """Another name for an image; what had it loses it."""
        from runtime.images import naming

        naming.tag(self, source, target)

    def remove(self, text: str, force: bool = False) -> Texts:
        """Takes a name away, and the image with its last: "Untagged: NAME" and "Deleted: DIGEST" lines. InUse."""
        from runtime.images import naming

        return naming.remove(self, text, force)

    def prune(self, everything: bool = False) -> Texts:
        """Removes the images without a name, or all that no container stands on; the same lines."""
        from runtime.images import naming

        return naming.prune(self, everything)

    def users(self) -> Mapping[str, str]:
        return self._users() if self._users else {}

    def repair(self) -> Texts:
        """Removes what killed processes left; one sentence for each thing done."""
        from runtime.images.keeping import collect

        layers, freed = collect(self.paths, self.storage, wait=False)
        done = [f"removed the layer {layer}, which belonged to no image" for layer in layers]
        return done + ([f"removed {freed} bytes of blobs that belonged to no image"] if freed else [])

    def save(self, names: Iterable[str], out: BinaryIO, form: str = "docker") -> None:
        """Writes an archive: "docker" for docker, podman and skopeo, an OCI layout as well; "oci" for that alone."""
        from runtime.images.saving import save

        save(self, list(names), out, form)

    def history(self, text: str) -> Rows:
        """The newest first, as docker's API has it: Id, Created, CreatedBy, Size, Comment, Tags."""
        from runtime.images.description import history

        return history(self.look_up(text))

    def inspect(self, text: str) -> dict[str, Any]:
        from runtime.images.description import inspect

        return inspect(self, self.look_up(text))


def _by_prefix(known: Catalogue, text: str) -> list[str]:
    algorithm, colon, value = text.partition(":") if text.startswith("sha256:") else ("sha256", ":", text)
    if not value or not _HEX.issuperset(value):
        return []
    return [identifier for identifier in known.images if identifier.startswith(algorithm + colon + value)]


def _by_digest(known: Catalogue, text: str) -> list[str]:
    parsed = reference.parse(text)
    found = []
    for identifier, entry in known.images.items():
        repositories = _repositories(known.names_of(identifier))
        if parsed.digest in (identifier, entry["manifest"]) and (not repositories or parsed.name in repositories):
            found.append(identifier)
    return found


def _repositories(names: list[str]) -> set[str]:
    return {reference.parse(name).name for name in names if not name.startswith("@")}


def _platform(entry: dict[str, Any]) -> Platform:
    return platforms.Platform(entry.get("os", "linux"), entry["architecture"], entry.get("variant", ""))
