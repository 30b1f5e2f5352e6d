"""Which file a container's program is, as the container will see it. On the launch path."""

from __future__ import annotations

import errno
import os
import stat

from arch import inside
from backends.errors import ProgramNotExecutable, ProgramNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEP = "find the program"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def locate(rootfs: str, bound: list[tuple[str, str]], process: dict[str, Any]) -> str:
    """Its path inside. ProgramNotFound, ProgramNotExecutable."""
    name = str(process["args"][0])
    variables = dict(line.partition("=")[::2] for line in process.get("env") or ())
    if "/" in name:
        places = [os.path.normpath(os.path.join(process.get("cwd") or "/", name))]
    else:
        places = [f"{folder or '.'}/{name}" for folder in variables.get("PATH", _PATH).split(":")]
    refusal = ""
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for place in places:
            mode = _mode(root, bound, place)
            if stat.S_ISREG(mode) and mode & 0o111:
                return place
            if mode:
                refusal = refusal or f"{place} is {'a folder' if stat.S_ISDIR(mode) else 'no executable file'}"
    finally:
        os.close(root)
    if refusal:
        raise ProgramNotExecutable(_STEP, f"cannot execute {name!r}: {refusal}", errno.EACCES)
    said = "" if "/" in name else " in its PATH"
    raise ProgramNotFound(_STEP, f"cannot execute {name!r}: the container has no such file{said}", errno.ENOENT)


def _mode(root: int, bound: list[tuple[str, str]], place: str) -> int:
    """Zero for what is not there."""
    for source, seen in reversed(bound):
        if place == seen or place.startswith(seen + "/"):
            try:
                return os.stat(source + place[len(seen) :]).st_mode
            except OSError:
                return 0
    try:
        descriptor = inside.open_inside(root, place, os.O_PATH)
    except OSError:
        return 0
    try:
        return os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)
