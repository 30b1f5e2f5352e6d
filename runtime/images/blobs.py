"""Blobs by their digest: blobs/ALGORITHM/HEX, each once, never visible before it is whole and verified."""

from __future__ import annotations

import os

from runtime.errors import Damaged, TooLarge, explain
from runtime.images import digest as digests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

INCOMING = "incoming"
_HINT = "load the image again"


class BlobStore:
    """`folder` holds one folder an algorithm, as an OCI layout does, and one of what is still coming in."""

    __slots__ = ("folder",)

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, digest: str) -> str:
        algorithm, _, value = digests.check(digest).partition(":")
        return f"{self.folder}/{algorithm}/{value}"

    def has(self, digest: str) -> bool:
        return os.path.exists(self.path(digest))

    def size(self, digest: str) -> int:
        """FileNotFoundError if it is not here."""
        return os.stat(self.path(digest)).st_size

    def read(self, digest: str, limit: int, verify: bool = False) -> bytes:
        """The whole of a small blob. Damaged if it is missing, too large or, when asked to verify, altered."""
        path = self.path(digest)
        try:
            with open(path, "rb") as file:
                content = file.read(limit + 1)
        except FileNotFoundError:
            raise Damaged(f"the blob {digest} is missing: {path} does not exist", _HINT) from None
        except OSError as error:
            raise explain(error, f"read {path}") from error
        if len(content) > limit:
            raise TooLarge(f"the blob {path} is larger than {limit} bytes", _HINT)
        if verify and digests.of(content, digests.algorithm_of(digest)) != digest:
            raise Damaged(f"the blob {path} has been altered: its content does not match its digest", _HINT)
        return content

    def open(self, digest: str) -> int:
        """A descriptor for reading. Damaged if it is missing."""
        path = self.path(digest)
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Damaged(f"the blob {digest} is missing: {path} does not exist", _HINT) from None
        except OSError as error:
            raise explain(error, f"read {path}") from error

    def add(self, content: bytes, algorithm: str = "sha256") -> str:
        """Keeps a small blob, on disk when this returns; its digest."""
        digest = digests.of(content, algorithm)
        if self.has(digest):
            return digest
        with self.incoming() as incoming:
            incoming.write(content)
            os.fsync(incoming.descriptor)
            incoming.publish(digest)
        return digest

    def incoming(self) -> Incoming:
        folder = f"{self.folder}/{INCOMING}"
        path = f"{folder}/{os.getpid()}-{os.urandom(8).hex()}"
        try:
            os.makedirs(folder, 0o700, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explain(error, f"write {path}") from error
        return Incoming(self, path, descriptor)

    def remove(self, digest: str) -> int:
        """The bytes that it held; 0 if it was not here."""
        path = self.path(digest)
        try:
            size = os.stat(path).st_size
            os.unlink(path)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise explain(error, f"remove {path}") from error
        return size

    def digests(self) -> Iterator[str]:
        for algorithm in digests.LENGTHS:
            try:
                names = os.listdir(f"{self.folder}/{algorithm}")
            except FileNotFoundError:
                continue
            for name in sorted(names):
                yield f"{algorithm}:{name}"

    def sweep(self) -> int:
        """Removes what killed processes left half-written. Only for who holds the images' lock alone; how many."""
        folder = f"{self.folder}/{INCOMING}"
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return 0
        for name in names:
            os.unlink(f"{folder}/{name}")
        return len(names)


class Incoming:
    """A blob that is being written. Leaving `with` without `publish` removes it."""

    __slots__ = ("_store", "descriptor", "path", "written")

    def __init__(self, store: BlobStore, path: str, descriptor: int) -> None:
        self._store = store
        self.path = path
        self.descriptor = descriptor
        self.written = 0

    def write(self, content: bytes | memoryview) -> None:
        rest = memoryview(content)
        try:
            while rest:
                count = os.write(self.descriptor, rest)
                rest = rest[count:]
                self.written += count
        except OSError as error:
            raise explain(error, f"write {self.path}") from error

    def publish(self, digest: str) -> None:
        """Gives the blob its name. The caller has verified the digest; the data reach the disk in their own time."""
        target = self._store.path(digest)
        try:
            os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
            os.rename(self.path, target)
        except OSError as error:
            raise explain(error, f"write {target}") from error
        self.path = ""

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        self.descriptor = -1
        if self.path:
            try:
                os.unlink(self.path)
            except OSError:
                return  # `sweep` will find it
