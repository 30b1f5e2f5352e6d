"""The file that tells a caller a process id. On the launch path."""

from __future__ import annotations

import os


def write_pid(path: str, pid: int) -> None:
    """Whole or not at all: engines watch for the file."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, str(pid).encode())
    finally:
        os.close(descriptor)
    os.rename(temporary, path)
