"""Loading images: from what `docker save` wrote, old and new, and from OCI layouts."""

from __future__ import annotations

from runtime.errors import Damaged, InvalidInput, explain
from runtime.images import docker_archive, keeping, layout, legacy_archive, platforms
from runtime.images.blobs import BlobStore
from runtime.images.candidate import Candidate, canonical_names
from runtime.images.catalogue import Editing
from runtime.images.image import familiar
from runtime.images.models import Descriptor
from runtime.images.platforms import Platform
from runtime.images.sources import Source, open_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from backends.contract import StorageBackend
    from runtime.paths import Paths

EVERY = "all"


class Loading:
    """`platform` chooses in an index: a platform, "all", or empty for what this machine runs best."""

    def __init__(self, paths: Paths, storage: StorageBackend, platform: str = "") -> None:
        self._paths = paths
        self._storage = storage
        self._every = platform == EVERY
        self._wanted = platforms.parse(platform) if platform and not self._every else None
        self._blobs = BlobStore(paths.blobs)

    def load(self, given: str | BinaryIO) -> list[str]:
        """The names of what was loaded, as people write them; the identifier of what has none.

        Everything is read and checked before anything is kept; whatever then fails, nothing stays.
        """
        try:
            with open_source(given, self._paths.temporary) as source:
                loaded = self._load(source)
        except BaseException as error:
            keeping.collect(self._paths, self._storage, wait=False)
            if isinstance(error, OSError):
                raise explain(error, "load the images") from error
            raise
        keeping.collect(self._paths, self._storage, wait=False)
        return loaded

    def _load(self, source: Source) -> list[str]:
        lock = keeping.adding(self._paths)
        try:
            found = self._candidates(source)
            for candidate in found:
                keeping.check_linux(candidate.configuration, f"{source.what}: {candidate.identifier[:19]}")
            self._check_platform(source, found)
            keeper = keeping.Keeper(self._paths, self._storage)
            kept = [
                keeper.keep(one.content, one.configuration, one.layers, one.manifest, one.algorithms) for one in found
            ]
            named: dict[str, list[str]] = {}
            with Editing(self._paths) as catalogue:
                for candidate, (identifier, entry) in zip(found, kept):
                    catalogue.images[identifier] = entry
                    for name in candidate.names:
                        named.setdefault(name, []).append(identifier)
                for name, identifiers in named.items():
                    catalogue.point(name, identifiers)
        finally:
            lock.release()
        unnamed = [candidate.identifier for candidate in found if not candidate.names]
        return [familiar(name) for name in named] + unnamed

    def _candidates(self, source: Source) -> list[Candidate]:
        if source.find(layout.INDEX) is not None and source.find(layout.MARKER) is not None:
            found = layout.Layout(source, self._choose, self._blobs.has).candidates()
            return _with_docker_names(source, found)
        if source.find(docker_archive.MANIFEST) is not None:
            found = docker_archive.candidates(source)
        elif source.find(legacy_archive.REPOSITORIES) is not None:
            found = legacy_archive.candidates(source)
        elif source.find(layout.INDEX) is not None:
            raise Damaged(f"{source.what} has an index.json and no oci-layout: half an OCI layout")
        else:
            raise InvalidInput(
                f"{source.what} contains no image: neither manifest.json, nor index.json, nor repositories is in it",
                "a root filesystem is taken in with import",
            )
        if not found:
            raise InvalidInput(f"{source.what} contains no image: its list is empty")
        return found

    def _choose(self, options: list[tuple[Descriptor, Platform]]) -> list[Descriptor]:
        if self._every:
            return [descriptor for descriptor, _ in options]
        return [platforms.choose(options, self._wanted or platforms.host())]

    def _check_platform(self, source: Source, found: list[Candidate]) -> None:
        """What comes without an index is taken as it is, unless something else was asked for by name."""
        if self._wanted is None:
            return
        for candidate in found:
            offered = platform_of(candidate)
            if offered not in self._wanted.runs():
                raise InvalidInput(
                    f"{source.what} holds an image for {offered}, and {self._wanted} was asked for",
                    "leave --platform away to take it as it is",
                )


def _keep(keeper: keeping.Keeper, one: Candidate) -> tuple[str, keeping.Entry]:
    return keeper.keep(one.content, one.configuration, one.layers, one.manifest, one.algorithms)


def platform_of(candidate: Candidate) -> Platform:
    configuration = candidate.configuration
    return Platform(configuration.os, configuration.architecture, configuration.variant)


def _with_docker_names(source: Source, found: list[Candidate]) -> list[Candidate]:
    """docker since 25 saves an OCI layout and its own manifest.json in one; the latter has the surer names."""
    from dataclasses import replace

    if not found:
        raise InvalidInput(f"{source.what} contains no image: its index is empty")
    names: dict[str, tuple[str, ...]] = {}
    for entry in docker_archive.entries(source):
        config = str(entry.get("Config")).rpartition("/")[2].partition(".")[0]
        names[config] = canonical_names(entry.get("RepoTags"), f"{source.what}: {docker_archive.MANIFEST}")
    merged = []
    for candidate in found:
        more = names.get(candidate.identifier.partition(":")[2], ())
        merged.append(replace(candidate, names=tuple(dict.fromkeys((*candidate.names, *more)))))
    return merged
