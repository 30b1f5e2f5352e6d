"""Where an image archive's files come from: a tar in a file, or a folder."""

from __future__ import annotations

import os
import stat

from runtime.errors import Damaged, InvalidInput, TooLarge, explain
from runtime.images import tarball
from runtime.images.compression import SAMPLE, expand, recognise
from runtime.images.slices import Slice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

_CHUNK = 1 << 20
_LINK_LIMIT = 10
_HINT = "fetch or make the archive again: it is incomplete or has been altered"


class Source:
    """Files by name, each readable where it lies."""

    what = ""

    def find(self, name: str) -> Slice | None:
        """None if there is no such file."""
        raise NotImplementedError

    def open(self, name: str) -> Slice:
        part = self.find(name)
        if part is None:
            raise Damaged(f"{self.what} lacks the file {name!r} that it refers to", _HINT)
        return part

    def read(self, name: str, limit: int) -> bytes:
        part = self.open(name)
        if part.size > limit:
            raise TooLarge(f"{self.what}: {name} has {part.size} bytes; the limit is {limit}", _HINT)
        content = part.read()
        if len(content) != part.size:
            raise Damaged(f"{self.what}: {name} is broken off", _HINT)
        return content

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TarSource(Source):
    """Takes over the descriptor."""

    def __init__(self, descriptor: int, what: str) -> None:
        self.what = what
        self._descriptor = descriptor
        self._members = tarball.Reader(descriptor, what).members()

    def find(self, name: str) -> Slice | None:
        member = self._members.get(tarball.normalise(name))
        for _ in range(_LINK_LIMIT):
            if member is None or member.kind == tarball.FILE:
                break
            member = self._members.get(self._target(member))
        if member is None or member.kind != tarball.FILE:
            return None
        return Slice(self._descriptor, member.offset, member.size)

    def _target(self, member: tarball.Member) -> str:
        # docker before 25 saved a layer that two images share once, and a symlink ../ID/layer.tar for the other.
        if member.kind == tarball.SYMLINK and not member.target.startswith("/"):
            joined = os.path.normpath(os.path.join(os.path.dirname(member.name), member.target))
            return tarball.normalise(joined)
        return tarball.normalise(member.target) if member.kind == tarball.LINK else ""

    def close(self) -> None:
        os.close(self._descriptor)


class FolderSource(Source):
    def __init__(self, folder: str) -> None:
        self.what = folder
        self._descriptors: dict[str, int] = {}

    def find(self, name: str) -> Slice | None:
        if ".." in name.split("/"):
            return None
        path = os.path.join(self.what, tarball.normalise(name))
        if path not in self._descriptors:
            try:
                self._descriptors[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                raise explain(error, f"read {path}") from error
        status = os.fstat(self._descriptors[path])
        if not stat.S_ISREG(status.st_mode):
            return None
        return Slice(self._descriptors[path], 0, status.st_size)

    def close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])


class Prefixed:
    """A stream whose first bytes have been read already."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def read(self, count: int = -1) -> bytes:
        if not self._start:
            return self._stream.read(count)
        if count < 0:
            start, self._start = self._start, b""
            return start + self._stream.read()
        start, self._start = self._start[:count], self._start[count:]
        return start


def open_source(given: str | BinaryIO, scratch: str) -> Source:
    """An image archive as a Source. `scratch` is a folder for what cannot be read in place: pipes, compressed files.

    InvalidInput if there is nothing to read, Damaged if it is no archive.
    """
    if isinstance(given, str):
        if os.path.isdir(given):
            return FolderSource(given)
        return _from_path(given, scratch)
    return _from_stream(given, scratch)


def _from_path(path: str, scratch: str) -> Source:
    try:
        with open(path, "rb", buffering=0) as file:
            return _from_stream(file, scratch, path)
    except FileNotFoundError:
        raise InvalidInput(f"{path} does not exist", "give the path of an image archive, or of an OCI layout") from None
    except OSError as error:
        raise explain(error, f"read {path}") from error


def _from_stream(stream: Any, scratch: str, what: str = "the archive") -> Source:
    descriptor = regular(stream)
    if descriptor >= 0:
        name = recognise(os.pread(descriptor, SAMPLE, 0))
        if not name:
            return _tar(os.dup(descriptor), what)
        stream = Slice(descriptor, 0, os.fstat(descriptor).st_size)
    else:
        start = read_exactly(stream, SAMPLE)
        if not start:
            raise InvalidInput(f"{what} is empty", "give an image archive, for example from docker save")
        name = recognise(start)
        stream = Prefixed(start, stream)
    return _tar(_spool(expand(stream, name), scratch), what)


def _tar(descriptor: int, what: str) -> Source:
    try:
        return TarSource(descriptor, what)
    except BaseException:
        os.close(descriptor)
        raise


def regular(stream: Any) -> int:
    """The descriptor of a stream that is a regular file read from its beginning; else -1."""
    try:
        descriptor = int(stream.fileno())
        fresh = stat.S_ISREG(os.fstat(descriptor).st_mode) and stream.tell() == 0
    except (OSError, AttributeError, ValueError):  # io.UnsupportedOperation is both OSError and ValueError
        return -1
    return descriptor if fresh else -1


def read_exactly(stream: Any, count: int) -> bytes:
    """Fewer only at the end: a pipe gives what it has."""
    content = b""
    while len(content) < count:
        more = stream.read(count - len(content))
        if not more:
            break
        content += more
    return content


def _spool(stream: Any, scratch: str) -> int:
    """All of a stream in a file without a name."""
    path = f"{scratch}/archive-{os.getpid()}-{os.urandom(8).hex()}"
    descriptor = -1
    try:
        os.makedirs(scratch, 0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.unlink(path)
        while content := stream.read(_CHUNK):
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
    except BaseException as error:
        if descriptor >= 0:
            os.close(descriptor)
        if isinstance(error, OSError):
            raise explain(error, f"write {path}") from error
        raise
    return descriptor
