"""Reading one small file of a layer without mounting it."""

from __future__ import annotations

import os
from stat import S_ISLNK, S_ISREG

from backends.storage.view import Found, View

_LINKS = 40  # the kernel's own bound, path_resolution(7)


def peek(view: View, path: str, limit: int) -> bytes:
    """At most `limit` bytes of a regular file, links resolved inside the layers; empty if there is no such file."""
    found = _resolve(view, os.fsencode(path))
    if found is None or not S_ISREG(found.status.st_mode):
        return b""
    with open(found.path, "rb") as file:
        return file.read(limit)


def _resolve(view: View, path: bytes) -> Found | None:
    waiting = [part for part in path.split(b"/") if part][::-1]
    done: list[bytes] = []
    links = 0
    found = view.find(b"")
    while waiting:
        part = waiting.pop()
        if part in (b".", b""):
            continue
        if part == b"..":
            done = done[:-1]
            continue
        found = view.find(b"/".join([*done, part]))
        if found is None:
            return None
        if not S_ISLNK(found.status.st_mode):
            done.append(part)
            continue
        links += 1
        if links > _LINKS:
            return None
        target = os.readlink(found.path)
        if target.startswith(b"/"):
            done = []
        waiting += target.split(b"/")[::-1]
    return found
