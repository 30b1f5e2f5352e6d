"""Removing a tree that somebody else filled: any depth, no link followed, nothing outside touched."""

from __future__ import annotations

import os
from stat import S_ISDIR

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: str) -> None:
    """Success if it is not there. Two processes may remove the same tree."""
    parent = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        remove_entry(parent, os.fsencode(os.path.basename(path)))
    finally:
        os.close(parent)


def remove_entry(folder: int, name: bytes) -> None:
    """Removes one entry of a folder, with all below it."""
    try:
        os.unlink(name, dir_fd=folder)
        return
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError) as refused:  # EISDIR on Linux; POSIX has EPERM
        try:
            top = _open(folder, name)
        except NotADirectoryError:
            raise refused from None
    if top < 0:
        return
    try:
        _empty(top)
    finally:
        os.close(top)
    _rmdir(folder, name)


def _empty(top: int) -> None:
    # One descriptor at a time: a hostile tree is deeper than any limit of descriptors. `..` is safe because nobody
    # moves folders about in here.
    at = os.dup(top)
    path: list[bytes] = []
    try:
        left = [_clear(at)]
        while True:
            if left[-1]:
                name = left[-1].pop()
                below = _open(at, name)
                if below >= 0:
                    os.close(at)
                    at = below
                    path.append(name)
                    left.append(_clear(at))
                continue
            left.pop()
            if not path:
                return
            above = os.open("..", _FOLDER, dir_fd=at)
            os.close(at)
            at = above
            _rmdir(at, path.pop())
    finally:
        os.close(at)


def _clear(folder: int) -> list[bytes]:
    """Unlinks what is no folder, and removes empty folders; the others."""
    left = []
    for entry in os.listdir(folder):
        name = os.fsencode(entry)
        try:
            os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            continue
        except (IsADirectoryError, PermissionError):
            if not S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
                raise
            try:
                os.rmdir(name, dir_fd=folder)
            except FileNotFoundError:
                continue
            except OSError:
                left.append(name)
    return left


def _open(folder: int, name: bytes) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        return -1
    except PermissionError:  # a folder without r or x for its owner, who is not root
        os.chmod(name, 0o700, dir_fd=folder)
        return os.open(name, _FOLDER, dir_fd=folder)


def _rmdir(folder: int, name: bytes) -> None:
    try:
        os.rmdir(name, dir_fd=folder)
    except FileNotFoundError:
        return
