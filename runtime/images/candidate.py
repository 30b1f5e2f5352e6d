"""An image found in an archive: read and checked, nothing of it kept yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from runtime.errors import Damaged, InvalidInput
from runtime.images import digest as digests
from runtime.images import reference
from runtime.images.models import Configuration, Descriptor
from runtime.images.slices import Slice


class LayerPart(NamedTuple):
    """One layer: `diff_id` is what its configuration promises, `descriptor` what its manifest does (None where the
    archive has no such thing), `open` its bytes in the archive (None if it is not there, but may be known already)."""

    diff_id: str
    descriptor: Descriptor | None
    open: Callable[[], Slice] | None


@dataclass(frozen=True)
class Candidate:
    identifier: str  # the configuration's digest, which is docker's image ID
    content: bytes  # the configuration as it is written
    configuration: Configuration
    layers: tuple[LayerPart, ...]
    names: tuple[str, ...] = ()  # canonical
    manifest: bytes | None = None  # as it is written; None where one has to be made
    manifest_digest: str = ""

    @property
    def algorithms(self) -> tuple[str, str]:
        """Of the digests of the configuration and of the manifest."""
        return digests.algorithm_of(self.identifier), digests.algorithm_of(self.manifest_digest) or "sha256"


def canonical_names(names: object, what: str) -> tuple[str, ...]:
    """Names found in an archive, completed. Damaged for what is no name: an archive must not be able to shadow."""
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Damaged(f"{what}: the names are not a list of strings")
    try:
        return tuple(dict.fromkeys(str(reference.parse(name).tagged()) for name in names))
    except InvalidInput as error:
        raise Damaged(f"{what}: {error}", "save it again under a proper name") from error


def check_identifier(identifier: str, content: bytes, what: str) -> None:
    if digests.of(content, digests.algorithm_of(identifier)) != identifier:
        raise Damaged(f"{what} does not match its digest {identifier}", "fetch or make the archive again")
