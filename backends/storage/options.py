"""What can be chosen for a storage backend, by name; kept in its folder as lines of text, for every process that opens
it. On the launch path."""

from __future__ import annotations

import os

from backends.errors import StorageError

_FILE = "options"
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size(text: str) -> int:
    """Bytes: a number with k, m, g or t (of 1024). ValueError."""
    plain = text.lower().rstrip("b").rstrip("i")
    unit = plain[-1:] if plain[-1:] in _UNITS else ""
    number = int(plain[: len(plain) - len(unit)]) * _UNITS[unit]
    if number <= 0:
        raise ValueError("it is to be more than nothing")
    return number


def _device(text: str) -> str:
    if not text.startswith("/dev/"):
        raise ValueError("it is to be a block device's path, below /dev")
    return text


def _filesystem(text: str) -> str:
    if text not in ("ext4", "xfs"):
        raise ValueError("it is to be ext4 or xfs")
    return text


# By backend: every option with what reads its value. ValueError says why not.
OPTIONS = {
    "devicemapper": {
        "data": _device,  # a block device for the pool's data; a sparse file otherwise
        "metadata": _device,
        "data-size": size,  # of the file
        "metadata-size": size,
        "base-size": size,  # of the file system that a layer sees
        "filesystem": _filesystem,
    },
}


def check(backend: str, name: str, value: str) -> None:
    """StorageError for an option that there is not, or a value that it cannot have."""
    known = OPTIONS.get(backend, {})
    if name not in known:
        there = ", ".join(known) or "none"
        raise StorageError(f"the storage backend {backend} has no option {name!r}", f"its options are: {there}")
    try:
        known[name](value)
    except ValueError as error:
        raise StorageError(f"storage.{backend}.{name}: {value!r} is no value for it: {error}") from error


def keep(folder: str, backend: str, options: dict[str, str]) -> None:
    """Notes options for a store that is empty so far. StorageError."""
    for name, value in options.items():
        check(backend, name, value)
    known = read(folder)
    if not options or all(known.get(name) == value for name, value in options.items()):
        return
    if os.path.isdir(f"{folder}/layers") and os.listdir(f"{folder}/layers"):
        changed = ", ".join(name for name, value in options.items() if known.get(name) != value)
        raise StorageError(
            f"the storage in {folder} has layers, and was made with other options ({changed})",
            "move the images away and back with `runtime system migrate`, or leave the options as they were",
        )
    os.makedirs(folder, 0o700, exist_ok=True)
    with open(f"{folder}/{_FILE}", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{name} {value}\n" for name, value in {**known, **options}.items())


def read(folder: str) -> dict[str, str]:
    try:
        with open(f"{folder}/{_FILE}", encoding="utf-8", errors="surrogateescape") as file:
            return {name: value for name, _, value in (line.rstrip("\n").partition(" ") for line in file)}
    except FileNotFoundError:
        return {}
