"""Digests as OCI writes them: ALGORITHM:HEX."""

from __future__ import annotations

from runtime.errors import Damaged, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Hasher(Protocol):
        def update(self, data: bytes | memoryview, /) -> None: ...
        def hexdigest(self) -> str: ...


# The algorithms that image-spec 1.1 registers, and the length of their hexadecimal form.
LENGTHS = {"sha256": 64, "sha512": 128}
_HEX = frozenset("0123456789abcdef")


def check(text: object, what: str = "digest") -> str:
    """The digest itself, if it is one that we can verify. Damaged, Unsupported."""
    if not isinstance(text, str) or ":" not in text:
        raise Damaged(f"{what} {text!r} is not a digest", "the image has to be made again, or fetched again")
    algorithm, _, value = text.partition(":")
    if algorithm not in LENGTHS:
        raise Unsupported(f"{what} {text[:100]!r}: this program verifies only {' and '.join(LENGTHS)}")
    if len(value) != LENGTHS[algorithm] or not _HEX.issuperset(value):
        raise Damaged(f"{what} {text[:200]!r} is not a {algorithm} digest", "the image has to be made or fetched again")
    return text


def hasher(algorithm: str = "sha256") -> Hasher:
    import hashlib

    return hashlib.sha512() if algorithm == "sha512" else hashlib.sha256()


def of(content: bytes, algorithm: str = "sha256") -> str:
    value = hasher(algorithm)
    value.update(content)
    return f"{algorithm}:{value.hexdigest()}"


def algorithm_of(digest: str) -> str:
    return digest.partition(":")[0]


def hex_of(digest: str) -> str:
    return digest.partition(":")[2]
