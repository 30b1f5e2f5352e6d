"""--log, --log-format and --debug: where messages go, and how they look. On the launch path."""

from __future__ import annotations

import os
import time

TEXT = "text"
JSON = "json"
_LEVELS = ("debug", "info", "warning", "error")


class Journal:
    """Without a file, messages go to standard error. With one they go there, and an error to standard error too, plain:
    engines read the file, people the rest."""

    def __init__(self) -> None:
        self.path = ""
        self.format = TEXT
        self.debugging = False

    def debug(self, message: str) -> None:
        if self.debugging:
            self._write("debug", message)

    def warning(self, message: str) -> None:
        self._write("warning", message)

    def error(self, message: str, plain: str = "") -> None:
        """`plain`: what is said instead where neither a log nor a person reads it."""
        if plain and not self.path and not os.isatty(2):
            _put(2, plain + "\n")
            return
        self._write("error", message)
        if self.path:
            _put(2, message + "\n")

    def _write(self, level: str, message: str) -> None:
        line = _line(self.format, level, message)
        if not self.path:
            _put(2, line)
            return
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_SYNC | os.O_CLOEXEC, 0o644)
        except OSError as error:
            _put(2, f"cannot write to the log {self.path}: {error.strerror}\n{line}")
            return
        _put(descriptor, line)
        os.close(descriptor)


def _line(form: str, level: str, message: str) -> str:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    from runtime import records

    if form == JSON:
        return records.encode({"level": level, "msg": message, "time": now}) + "\n"
    return f'time="{now}" level={level} msg={records.encode(message)}\n'


def _put(descriptor: int, text: str) -> None:
    try:
        os.write(descriptor, text.encode("utf-8", "backslashreplace"))
    except OSError:
        return  # nobody is left to be told
