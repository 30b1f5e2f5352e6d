"""JSON records on disk, written so that a crash leaves the old one or the new one, and locks between processes.

On the launch path: the standard library's `json` costs 9 ms, nearly all of it for `re`, so this calls its C scanner and
encoder directly. They import `json` themselves when there is an error to be worded.
"""

from __future__ import annotations

import _json
import errno
import fcntl
import os

from runtime.errors import Damaged, Problem, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_BLANKS = " \t\n\r"
_LIMIT = 64 << 20  # bytes: no record is near this


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class _Context:
    """What the C scanner reads its options from."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_constant)
    memo: dict[str, str] = {}


def _default(value: object) -> None:
    raise TypeError(f"a record cannot hold {type(value).__name__}: {value!r}")


_options: Any = _Context()
_scan = _json.make_scanner(_options)


def decode(text: str) -> Any:
    """The value of a JSON text. ValueError says what is wrong, and where."""
    start = len(text) - len(text.lstrip(_BLANKS))
    try:
        value, end = _scan(text, start)
    except StopIteration as error:
        raise ValueError(f"no JSON value at character {error.value}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except SystemError:
        # Since 3.12 the scanner looks for json.decoder's exception only among the modules already imported.
        import json

        return json.loads(text)
    if text[end:].strip(_BLANKS):
        raise ValueError(f"something follows the JSON value at character {end}")
    return value


def encode(value: Any) -> str:
    """Compact JSON, plain ASCII. TypeError, ValueError (a cycle, NaN)."""
    encoder = _json.make_encoder({}, _default, _json.encode_basestring_ascii, None, ":", ",", False, False, False)
    return "".join(encoder(value, 0))


def load(path: str, schema: int | None = None) -> dict[str, Any]:
    """A record. FileNotFoundError if there is none; Damaged if it is not one, or of another schema."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, "no such record", path) from None
    except OSError as error:
        raise explain(error, f"read {path}") from error
    hint = f"move {path} away; what it described has to be made again"
    if len(content) > _LIMIT:
        raise Damaged(f"{path} is damaged: larger than {_LIMIT} bytes", hint)
    try:
        record = decode(content.decode("utf-8"))
    except ValueError as error:
        raise Damaged(f"{path} is damaged: {error}", hint) from error
    if not isinstance(record, dict):
        raise Damaged(f"{path} is damaged: not a JSON object", hint)
    if schema is not None:
        _check_schema(path, record.get("schema"), schema)
    return record


def _check_schema(path: str, found: object, wanted: int) -> None:
    if found == wanted:
        return
    if isinstance(found, int) and found > wanted:
        raise Damaged(
            f"{path} has schema {found}, and this program knows {wanted}",
            "a newer version of this program wrote it: use that one",
        )
    raise Damaged(f"{path} has schema {found!r} where {wanted} was expected", f"move {path} away and make it again")


def store(
    path: str, record: dict[str, Any], schema: int | None = None, mode: int = 0o600, durable: bool = True
) -> None:
    """Replaces the record at `path`, whole or not at all, and on disk when this returns. Problem.

    What is not `durable` survives everything but a power cut, and costs a fraction: each of the two flushes takes a
    millisecond on an idle disk and twenty on a busy one.
    """
    if schema is not None:
        record = {"schema": schema, **record}
    write(path, encode(record).encode("ascii") + b"\n", mode, durable)


def write(path: str, content: bytes, mode: int = 0o600, durable: bool = True) -> None:
    """The same for a file of any content."""
    # The pid and a counter would do among processes; the random part is for pid namespaces that share a folder.
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            _write_all(descriptor, content)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
        if durable:
            sync_folder(os.path.dirname(path))
    except OSError as error:
        _forget(temporary)
        raise explain(error, f"write {path}") from error


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: str) -> None:
    """Makes a rename in `folder` survive a power cut."""
    descriptor = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


class Lock:
    """A lock between processes on a file (flock): held until `release`, the end of `with`, or the process's death.

    The file stays: removing a lock file lets two processes hold two files of one name.
    """

    __slots__ = ("descriptor", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = -1

    def acquire(self, shared: bool = False, wait: bool = True) -> bool:
        """False only when not waiting and somebody else holds it. Problem if the file cannot be made."""
        if self.descriptor >= 0:
            raise Problem(f"{self.path} is locked already by this very object")
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explain(error, f"open the lock {self.path}") from error
        operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self.descriptor = descriptor
        return True

    def release(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Lock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
