"""File systems in files, for tests of what only they can do."""

from __future__ import annotations

import errno
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arch import kernel


@contextmanager
def btrfs_disk(folder: Path, size: int = 256 << 20, *options: str) -> Iterator[Path]:
    """A fresh btrfs on a loop device, mounted below `folder`."""
    if not shutil.which("mkfs.btrfs"):
        pytest.skip("mkfs.btrfs is not installed")
    if "\tbtrfs\n" not in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has no btrfs")
    top = folder / "disk"
    top.mkdir()
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(size)
        subprocess.run(["mkfs.btrfs", "-q", *options, file.name], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "loop,nobarrier", file.name, str(top)], check=True)
    try:
        yield top
    finally:
        _unmount(str(top))


def _unmount(top: str) -> None:
    """A process that was killed may hold its files a moment longer."""
    deadline = time.monotonic() + 10
    while True:
        try:
            kernel.umount(top)
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
