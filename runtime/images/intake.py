"""Bringing one layer in: kept as a blob, unpacked by the storage backend, and verified, all in one reading.

A layer that lies uncompressed in a seekable archive is copied by the kernel and unpacked straight out of the archive
while a thread hashes it; a compressed one is expanded and hashed by a thread ahead of the unpacking. hashlib, zlib and
the kernel let go of the interpreter's lock, so on two processors this costs little more than the slowest of the three.
"""

from __future__ import annotations

import errno
import io
import os
import queue
import threading
from typing import Any, BinaryIO, Union, cast

from backends.contract import StorageBackend
from backends.errors import BackendError, HostileLayer, LayerExists
from backends.storage.data import copy_range
from backends.storage.source import Region
from runtime.errors import Damaged, TooLarge, Unsupported, explain
from runtime.images import digest as digests
from runtime.images import media
from runtime.images.blobs import BlobStore, Incoming
from runtime.images.compression import SAMPLE, expand, recognise
from runtime.images.models import Descriptor
from runtime.images.slices import Slice

_CHUNK = 1 << 20
_AHEAD = 8  # chunks that the thread may be ahead
EXPANDED_LIMIT = 1 << 38  # bytes: 256 GiB; a gzip bomb of that size has 256 MiB
_HINT = "fetch or make the archive again: it is incomplete or has been altered"


class Layer:
    """What is wanted: `diff_id` is promised by the configuration, `name` and `parent` are the storage's names."""

    __slots__ = ("descriptor", "diff_id", "name", "parent")

    def __init__(self, diff_id: str, name: str, parent: str | None, descriptor: Descriptor | None = None) -> None:
        self.diff_id = diff_id
        self.name = name
        self.parent = parent
        self.descriptor = descriptor


class Task:
    """A function in a thread, whose error comes out of `join`."""

    def __init__(self, function: Any) -> None:
        self._error: BaseException | None = None
        self._function = function
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._function()
        except BaseException as error:
            self._error = error

    def wait(self) -> None:
        self._thread.join()

    def join(self) -> None:
        self._thread.join()
        if self._error is not None:
            raise self._error


class Verified:
    """Hashes an uncompressed layer while the storage reads it; `verify` is called before the layer becomes visible."""

    def __init__(self, diff_id: str) -> None:
        self.diff_id = diff_id
        self.hasher = digests.hasher(digests.algorithm_of(diff_id))

    def compare(self) -> None:
        """Damaged if the content is not what the configuration promises."""
        found = f"{digests.algorithm_of(self.diff_id)}:{self.hasher.hexdigest()}"
        if found != self.diff_id:
            raise Damaged(f"a layer's content has the digest {found}, and {self.diff_id} is promised", _HINT)


class Plain(Region):
    """Lies in a file, and the storage reads it there; a thread hashes it at the same time."""

    def __init__(self, part: Slice, diff_id: str) -> None:
        super().__init__(part.fileno(), part.offset, part.size)
        self._verified = Verified(diff_id)
        self._task = Task(lambda: hash_part(part.again(), self._verified.hasher))

    def verify(self) -> None:
        self._task.join()
        self._verified.compare()

    def close(self) -> None:
        self._task.wait()
        super().close()


class Expanding(io.RawIOBase):
    """Comes out of a decompressor that runs ahead in a thread."""

    def __init__(self, part: Slice, compression: str, diff_id: str) -> None:
        self._verified = Verified(diff_id)
        self._chunks: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._current = memoryview(b"")
        self._ended = False
        self._stopped = threading.Event()
        self._stream = expand(cast(BinaryIO, part.again()), compression)
        self._task = Task(self._produce)

    def _produce(self) -> None:
        total = 0
        try:
            while not self._stopped.is_set():
                content = self._stream.read(_CHUNK)
                if not content:
                    break
                total += len(content)
                if total > EXPANDED_LIMIT:
                    raise TooLarge(f"a layer expands to more than {EXPANDED_LIMIT} bytes", "is it a bomb?")
                self._verified.hasher.update(content)
                self._chunks.put(content)
        finally:
            self._stream.close()
            self._chunks.put(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._current and not self._ended:
            content = self._chunks.get()
            if not content:
                self._ended = True
                self._task.join()  # what broke the stream off
            self._current = memoryview(content)
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._current))
        view[:count] = self._current[:count]
        self._current = self._current[count:]
        return count

    def verify(self) -> None:
        while not self._ended:  # what follows the end of the archive counts for the digest too
            self._current = memoryview(b"")
            self.readinto(bytearray(1))
        self._verified.compare()

    def close(self) -> None:
        if not self.closed:
            self._stopped.set()
            while not self._ended:
                self._ended = not self._chunks.get()
        super().close()


Stream = Union[Plain, Expanding]


def hash_part(part: Slice, hasher: digests.Hasher) -> None:
    buffer = bytearray(_CHUNK)
    left = part.size
    while left:
        count = part.readinto(memoryview(buffer)[: min(left, _CHUNK)])
        if not count:
            raise Damaged("a layer is broken off: the file became shorter while it was read", _HINT)
        hasher.update(memoryview(buffer)[:count])
        left -= count


class Intake:
    """`pairs` says which blobs are known to expand to which diff ids; it grows with what is taken in."""

    def __init__(self, blobs: BlobStore, storage: StorageBackend, pairs: dict[str, str]) -> None:
        self._blobs = blobs
        self._storage = storage
        self._pairs = pairs

    def take(self, layer: Layer, part: Slice | None, present: bool) -> tuple[Descriptor, int | None]:
        """The layer's descriptor, and the bytes it holds in the storage, None if it was there (`present`) already.

        `part` is the layer as it lies in an archive; None if it is a blob already. Damaged, TooLarge, NoSpace.
        """
        descriptor = layer.descriptor
        if descriptor is not None and self._blobs.has(descriptor.digest):
            if present and self._pairs.get(descriptor.digest) == layer.diff_id:
                return descriptor, None
            return self._from_blob(layer, descriptor, present)
        if part is None:
            raise Damaged(f"the layer {descriptor.digest if descriptor else layer.diff_id} is not there", _HINT)
        if descriptor is None and self._blobs.has(layer.diff_id) and present:
            return Descriptor(media.OCI_LAYER, layer.diff_id, self._blobs.size(layer.diff_id)), None
        return self._from_part(layer, part, present)

    def _from_blob(self, layer: Layer, descriptor: Descriptor, present: bool) -> tuple[Descriptor, int | None]:
        blob = self._blobs.open(descriptor.digest)
        try:
            size = self._unpack(layer, Slice(blob, 0, os.fstat(blob).st_size), present)
        finally:
            os.close(blob)
        self._pairs[descriptor.digest] = layer.diff_id
        return descriptor, size

    def _from_part(self, layer: Layer, part: Slice, present: bool) -> tuple[Descriptor, int | None]:
        compression = recognise(part.again().read(SAMPLE))
        if compression not in media.LAYER_OF:
            raise Unsupported(
                f"a layer is compressed with {compression}, which no image may be", "save it uncompressed"
            )
        wanted = layer.descriptor.digest if layer.descriptor else ""
        algorithm = digests.algorithm_of(wanted) if wanted else "sha256"
        hasher = digests.hasher(algorithm)
        with self._blobs.incoming() as incoming:
            copying = Task(lambda: copy_part(part, incoming))
            # An uncompressed layer's digest is its diff id, which `verify` has compared.
            same = not compression and (not wanted or wanted == layer.diff_id)
            hashing = None if same else Task(lambda: hash_part(part.again(), hasher))
            try:
                size = self._unpack(layer, part, present)
            finally:
                copying.join()
                if hashing is not None:
                    hashing.join()
            found = layer.diff_id if same else f"{algorithm}:{hasher.hexdigest()}"
            if wanted and found != wanted:
                raise Damaged(f"a layer has the digest {found}, and {wanted} is promised", _HINT)
            incoming.publish(found)
        self._pairs[found] = layer.diff_id
        media_type = layer.descriptor.media_type if layer.descriptor else media.LAYER_OF[compression]
        return Descriptor(media_type, found, part.size), size

    def _unpack(self, layer: Layer, part: Slice, present: bool) -> int | None:
        """Unpacks and verifies, or only verifies what is unpacked already."""
        compression = recognise(part.again().read(SAMPLE))
        stream: Stream = Expanding(part, compression, layer.diff_id) if compression else Plain(part, layer.diff_id)
        with stream:
            if present:
                stream.verify()
                return None
            return apply(self._storage, layer, stream)


def apply(storage: StorageBackend, layer: Layer, stream: Stream) -> int | None:
    try:
        return storage.apply(layer.name, layer.parent, cast(BinaryIO, stream))
    except LayerExists:
        stream.verify()
        return None
    except HostileLayer as error:
        raise Damaged(f"the layer {layer.diff_id} cannot be trusted: {error}", error.hint or _HINT) from error
    except BackendError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.ENOSPC, errno.EDQUOT):
            raise explain(error.__cause__, f"unpack the layer {layer.diff_id}") from error
        raise


def copy_part(part: Slice, incoming: Incoming) -> None:
    """In the kernel where it can: as a reflink, or at least without a way through this process."""
    try:
        copied = copy_range(part.fileno(), part.offset, incoming.descriptor, None, part.size)
    except OSError as error:
        raise explain(error, f"write {incoming.path}") from error
    if copied < part.size:
        raise Damaged("a layer is broken off: the file became shorter while it was read", _HINT)
