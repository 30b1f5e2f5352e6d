"""Compiled filters, kept in a folder of the run folder. On the launch path: a hit reads one small file.

The folder must belong to us and be closed to everyone else: a filter that somebody else wrote is no protection. Where
it is not, and where anything else is wrong with the cache, the filter is compiled as if there were none.
"""

from __future__ import annotations

import marshal
import os
from _blake2 import blake2b

from arch.syscalls import MACHINES
from backends.security import seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAGIC = b"filter\x001"
_DIGEST = 32
_LARGEST = len(_MAGIC) + _DIGEST + 4096 * 8
_ENTRIES = 256  # a run folder is in memory, and a profile with a new set of capabilities is a new entry

# What a program depends on besides the profile. Their times and sizes are part of the key, so that a new version of
# this program does not use an old one's filters.
_HERE = os.path.dirname(os.path.abspath(__file__))
_ARCH = os.path.join(os.path.dirname(os.path.dirname(_HERE)), "arch")
_COMPILER = ("abi", "actions", "assembler", "compiler", "conditions", "multiplexers", "rules")
_SOURCES = (
    *(os.path.join(_HERE, "seccomp", name + ".py") for name in _COMPILER),
    *(os.path.join(_ARCH, name + ".py") for name in MACHINES),
    *(os.path.join(_ARCH, "tables", name + ".py") for name in MACHINES),
)


def load_or_compile(profile: dict[str, Any], architecture: str, folder: str) -> bytes:
    """The program for `linux.seccomp`, from `folder` if it is there. BadProfile, FilterTooLarge."""
    try:
        key = _key(profile, architecture)
        descriptor = _open(folder)
    except OSError:
        return seccomp.compile(profile, architecture)
    try:
        program = _read(descriptor, key)
        if program is None:
            program = seccomp.compile(profile, architecture)
            _write(descriptor, key, program)
        return program
    finally:
        os.close(descriptor)


def _key(profile: dict[str, Any], architecture: str) -> bytes:
    """OSError where our own sources cannot be looked at. marshal's version 2 has no references, so that equal profiles
    have equal bytes."""
    stamps = []
    for source in _SOURCES:
        status = os.stat(source)
        stamps.append((status.st_mtime_ns, status.st_size))
    content = marshal.dumps((architecture, os.uname().release, stamps, profile), 2)
    return blake2b(content, digest_size=_DIGEST).digest()


def _open(folder: str) -> int:
    """The folder, made if need be; OSError where it is not ours alone."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        os.close(descriptor)
        raise PermissionError(f"{folder} is open to others than its owner, or is not ours")
    return descriptor


def _read(folder: int, key: bytes) -> bytes | None:
    """An entry's program; None for one that is missing or damaged."""
    try:
        entry = os.open(key.hex(), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    try:
        content = os.read(entry, _LARGEST + 1)
    except OSError:
        return None
    finally:
        os.close(entry)
    start = len(_MAGIC) + _DIGEST
    program = content[start:]
    whole = content[: len(_MAGIC)] == _MAGIC and content[len(_MAGIC) : start] == _seal(key, program)
    return program if whole and program else None


def _write(folder: int, key: bytes, program: bytes) -> None:
    """Adds an entry, wholly or not at all. A full or read-only run folder costs time, and nothing else."""
    name = key.hex()
    temporary = f"{name}.{os.getpid()}"
    try:
        _make_room(folder)
        entry = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
        try:
            os.write(entry, _MAGIC + _seal(key, program) + program)
        finally:
            os.close(entry)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        _remove(folder, temporary)


def _make_room(folder: int) -> None:
    names = os.listdir(folder)
    if len(names) >= _ENTRIES:
        for name in names:
            _remove(folder, name)


def _remove(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        pass


def _seal(key: bytes, program: bytes) -> bytes:
    return blake2b(program, key=key, digest_size=_DIGEST).digest()
