"""Compressed streams: recognised by their first bytes, read as they come, never expanded past what is asked for."""

from __future__ import annotations

import io
import os
import sys

from runtime.errors import Damaged, MissingProgram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

MAGIC = {
    "gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
}
_SKIPPABLE = b"\x50\x2a\x4d\x18"  # a zstd skippable frame, magic 0x184D2A50 to 5F
SAMPLE = 6  # bytes that `recognise` wants
_CHUNK = 1 << 20


def recognise(start: bytes) -> str:
    """The compression's name by a stream's first bytes; empty if none is recognised."""
    for name, magic in MAGIC.items():
        if start.startswith(magic):
            return name
    if len(start) >= 4 and 0x50 <= start[0] <= 0x5F and start[1:4] == _SKIPPABLE[1:]:
        return "zstd"
    return ""


def expand(stream: BinaryIO, name: str) -> BinaryIO:
    """A stream of the expanded bytes. Reading it raises Damaged if they are broken off or broken.

    MissingProgram for zstd on a Python before 3.14 without the zstd program.
    """
    if not name:
        return stream
    if name == "zstd":
        return _expand_zstd(stream)
    return io.BufferedReader(_Expanded(stream, name, _ENGINES[name]), _CHUNK)


def _gzip() -> Any:
    import zlib

    return zlib.decompressobj(wbits=31)


def _bzip2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _xz() -> Any:
    import lzma

    # A hostile header may ask for 4 GiB of dictionary; the largest preset, -9, wants 65 MiB.
    return lzma.LZMADecompressor(memlimit=256 << 20)


def _zstd() -> Any:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # since Python 3.14

    return zstd.ZstdDecompressor()


_ENGINES: dict[str, Callable[[], Any]] = {"gzip": _gzip, "bzip2": _bzip2, "xz": _xz}


class _Expanded(io.RawIOBase):
    """Members or frames one after the other, as the programs of the same name read them."""

    def __init__(self, stream: BinaryIO, name: str, engine: Callable[[], Any]) -> None:
        self._stream = stream
        self._name = name
        self._make = engine
        self._engine = engine()
        self._input = b""
        self._whole = False  # the last member is complete

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        while True:
            content = self._step(wanted)
            if content:
                buffer[: len(content)] = content
                return len(content)
            if self._whole and not self._input:
                return 0

    def _step(self, wanted: int) -> bytes:
        if self._engine.eof:
            self._input = self._engine.unused_data or self._stream.read(_CHUNK)
            # Padding with zeros after the last member: tapes and some uploaders leave it, gzip(1) ignores it.
            if not self._input.strip(b"\0"):
                self._whole, self._input = self._drained(), b""
                return b""
            self._engine = self._make()
        ready = self._name != "gzip" and not self._engine.needs_input
        if not ready and not self._input:
            self._input = self._stream.read(_CHUNK)
        ended = not ready and not self._input
        content = self._expand(wanted)
        # Without input left, zlib may still hold the tail of its last match; then it is asked without any.
        if ended and not content and not self._engine.eof:
            raise Damaged(f"the {self._name} data is broken off", "fetch or make the file again: it is incomplete")
        return content

    def _drained(self) -> bool:
        while True:
            rest = self._stream.read(_CHUNK)
            if not rest:
                return True
            if rest.strip(b"\0"):
                raise Damaged(f"something that is not {self._name} follows the {self._name} data")

    def _expand(self, wanted: int) -> bytes:
        content, self._input = self._input, b""
        try:
            result: bytes = self._engine.decompress(content, wanted)
        except Exception as error:  # zlib.error, OSError, LZMAError, ZstdError, EOFError: no common root
            raise Damaged(
                f"the {self._name} data is damaged: {error}", "fetch or make the file again: it has been altered"
            ) from error
        if self._name == "gzip":
            self._input = self._engine.unconsumed_tail
        return result


def _expand_zstd(stream: BinaryIO) -> BinaryIO:
    if sys.version_info >= (3, 14):
        return io.BufferedReader(_Expanded(stream, "zstd", _zstd), _CHUNK)
    return io.BufferedReader(_Piped(stream, _zstd_program()), _CHUNK)


def _zstd_program() -> str:
    import shutil

    # Beside the interpreter: the one file that needs nothing brings its own.
    program = shutil.which("zstd") or shutil.which("zstd", path=os.path.dirname(sys.executable))
    if program is None:
        raise MissingProgram(
            "the data is compressed with zstd, which this Python cannot expand",
            "install the package zstd, or use Python 3.14 or later",
        )
    return program


class _Piped(io.RawIOBase):
    """The zstd program between two pipes, fed by a thread."""

    def __init__(self, stream: BinaryIO, program: str) -> None:
        import subprocess
        import threading

        # --memory: frames from zstd --ultra --long=31 would otherwise be refused; 2 GiB is the format's most.
        self._process = subprocess.Popen(
            [program, "-dcq", "--memory=2048MB"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._stream = stream
        self._failure: list[BaseException] = []
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()

    def _feed(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                while content := self._stream.read(_CHUNK):
                    rest = memoryview(content)
                    while rest:
                        rest = rest[pipe.write(rest) or 0 :]
        except BrokenPipeError:
            return  # the program has said why it stopped
        except BaseException as error:
            self._failure.append(error)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        assert self._process.stdout is not None
        count = os.readv(self._process.stdout.fileno(), [buffer])
        if count == 0:
            self._finish()
        return count

    def _finish(self) -> None:
        self._feeder.join()
        assert self._process.stderr is not None
        said = self._process.stderr.read().decode(errors="replace").strip()
        status = self._process.wait()
        if self._failure:
            raise self._failure[0]
        if status:
            why = said.rpartition(": ")[2] or f"zstd ended with {status}"
            raise Damaged(f"the zstd data is damaged: {why}", "fetch or make the file again: it has been altered")

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self._process.poll() is None:
                self._process.kill()
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()
            self._process.wait()
            self._feeder.join()
