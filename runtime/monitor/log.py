"""Where a container's output is kept. On the launch path: JSON is written with the C encoder, never with `json`.

The format is Docker's json-file: one object a line, {"log", "stream", "time"}; a line of output longer than 16 KiB is
kept in parts, all but the last without their newline.
"""

from __future__ import annotations

import os
import time
from _json import encode_basestring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PART = 16384


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09d}Z"


class NoLog:
    """The driver `none`."""

    def write(self, stream: str, data: bytes) -> None:
        pass

    def finish(self) -> None:
        pass


class FileLog:
    """The driver `json-file`, with rotation: `log`, then `log.1`, `log.2`, the older the higher.

    A write that fails (a full disk) never stops the container: what could not be written is counted, and said in the
    log itself as soon as there is room again.
    """

    def __init__(self, path: str, largest: int = 0, files: int = 1) -> None:
        self._path = path
        self._largest = largest
        self._files = max(1, files)
        self._partial: dict[str, bytes] = {}
        self._lost = 0
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._size = os.fstat(self._file).st_size

    def write(self, stream: str, data: bytes) -> None:
        data = self._partial.pop(stream, b"") + data
        records = []
        moment = timestamp(time.time_ns())
        start = 0
        while start < len(data):
            end = data.find(b"\n", start, start + PART) + 1
            if not end:
                if len(data) - start < PART:
                    self._partial[stream] = data[start:]
                    break
                end = start + PART
            records.append(_record(stream, data[start:end], moment))
            start = end
        if self._largest:
            self._fill(records)
        elif records:
            self._append("".join(records))

    def _fill(self, records: list[str]) -> None:
        """Appends no more at once than one file takes: a chunk of short lines is many times as long in the log."""
        batch: list[str] = []
        length = 0
        for record in records:
            size = len(record.encode("utf-8", "replace"))
            if batch and self._size + length + size > self._largest:
                self._append("".join(batch))
                batch, length = [], 0
            batch.append(record)
            length += size
        if batch:
            self._append("".join(batch))

    def _append(self, text: str) -> None:
        if self._lost:
            lost = f"[runtime: {self._lost} bytes of output could not be logged]\n".encode()
            text = _record("stderr", lost, timestamp(time.time_ns())) + text
        data = text.encode("utf-8", "replace")
        try:
            if self._file < 0:
                self._open()
            if self._largest and self._size and self._size + len(data) > self._largest:
                self._rotate()
            written = os.write(self._file, data)
        except OSError:
            self._lost += len(data)
            return
        if written < len(data):  # a torn line would make the next one unreadable
            os.ftruncate(self._file, self._size)
            self._lost += len(data)
            return
        self._lost = 0
        self._size += written

    def _rotate(self) -> None:
        os.close(self._file)
        self._file = -1  # until `_open` succeeds: the disk may be full
        for number in range(self._files - 1, 0, -1):
            older = self._path if number == 1 else f"{self._path}.{number - 1}"
            try:
                os.rename(older, f"{self._path}.{number}")
            except FileNotFoundError:
                continue
        if self._files == 1:
            os.unlink(self._path)
        self._open()

    def finish(self) -> None:
        """Writes what ended without a newline."""
        for stream, data in self._partial.items():
            self._append(_record(stream, data, timestamp(time.time_ns())))
        self._partial.clear()
        if self._file >= 0:
            os.close(self._file)


def _record(stream: str, data: bytes, moment: str) -> str:
    text = encode_basestring(data.decode("utf-8", "replace"))
    return f'{{"log":{text},"stream":"{stream}","time":"{moment}"}}\n'


def open_log(driver: str, options: dict[str, Any], path: str) -> FileLog | NoLog:
    """`options` are the driver's, checked when the container was made: max-size in bytes, max-file."""
    if driver == "none":
        return NoLog()
    return FileLog(path, int(options.get("max-size") or 0), int(options.get("max-file") or 1))
