"""tmpcopyup: what a folder holds, copied into the tmpfs that covers it. No link is followed."""

from __future__ import annotations

import os
import stat

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20


def copy_folder(source: int, target: int) -> None:
    """Content, owners, modes and times, of folders both open; devices and sockets are left out."""
    for name in os.listdir(source):
        found = os.stat(name, dir_fd=source, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            _copy_inner(source, target, name)
        elif stat.S_ISREG(found.st_mode):
            _copy_file(source, target, name)
        elif stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        else:
            continue
        os.chown(name, found.st_uid, found.st_gid, dir_fd=target, follow_symlinks=False)
        if not stat.S_ISLNK(found.st_mode):
            os.chmod(name, stat.S_IMODE(found.st_mode), dir_fd=target)
        os.utime(name, ns=(found.st_atime_ns, found.st_mtime_ns), dir_fd=target, follow_symlinks=False)


def _copy_inner(source: int, target: int, name: str) -> None:
    os.mkdir(name, 0o700, dir_fd=target)
    inner = os.open(name, _READ | os.O_DIRECTORY, dir_fd=source)
    try:
        copy = os.open(name, _READ | os.O_DIRECTORY, dir_fd=target)
        try:
            copy_folder(inner, copy)
        finally:
            os.close(copy)
    finally:
        os.close(inner)


def _copy_file(source: int, target: int, name: str) -> None:
    reading = os.open(name, _READ, dir_fd=source)
    try:
        writing = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            while os.sendfile(writing, reading, None, _CHUNK):
                pass
        finally:
            os.close(writing)
    finally:
        os.close(reading)
