"""The three ways to say a mount: --mount, --volume and --tmpfs. From text to `Mount`, nothing looked up."""

from __future__ import annotations

import os

from runtime.bundle.sizes import parse_size
from runtime.containers.request import Mount
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
_CONSISTENCIES = ("consistent", "cached", "delegated", "default")  # of docker on macOS; no meaning on Linux
_VOLUME_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_TRUE, _FALSE = ("1", "true", "t"), ("0", "false", "f")

_KEYS = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "type": "type"}
_FLAGS = ("readonly", "volume-nocopy", "bind-nonrecursive", "bind-create-src")
_BIND = ("bind-propagation", "bind-nonrecursive", "bind-recursive", "bind-create-src")
_VOLUME = ("volume-nocopy",)
_TMPFS = ("tmpfs-size", "tmpfs-mode", "tmpfs-options")
_KNOWN = ("type", "source", "target", "readonly", "consistency", *_BIND, *_VOLUME, *_TMPFS)
_RECURSIVE = {"enabled": (), "disabled": ("bind",), "writable": ("ro-top",), "readonly": ("rro",)}


# ------------------------------------------------------------------------------------------------------ --mount


def parse_mount(text: str) -> Mount:
    """ "type=bind,source=/a,target=/b,readonly": comma-separated as CSV, so a value may be quoted. InvalidInput."""
    said = _fields(text)
    kind = said.get("type", "volume").lower()
    if kind not in ("bind", "volume", "tmpfs"):
        raise InvalidInput(f"--mount: no mount has the type {kind!r}", "the types are bind, volume and tmpfs")
    _only(kind, said, text)
    source = said.get("source", "")
    target = _target(said.get("target", ""), f"--mount {text}")
    options = _options(kind, said)
    if kind == "bind":
        if not source:
            raise InvalidInput(f"--mount {text}: a bind mount needs a source", "add source=/path/on/the/host")
        source = _host_path(source)
    elif kind == "volume" and source:
        check_volume_name(source)
    elif kind == "tmpfs" and source:
        raise InvalidInput(f"--mount {text}: a tmpfs has no source", "leave source out")
    return Mount(
        kind, source, target,
        read_only=_truth(said, "readonly"),
        options=tuple(options),
        create_source=_truth(said, "bind-create-src"),
        copy=not _truth(said, "volume-nocopy"),
    )  # fmt: skip


def _fields(text: str) -> dict[str, str]:
    import csv

    try:
        row = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise InvalidInput(f"--mount {text}: {error}") from error
    said = {}
    for item in row:
        key, equals, value = item.partition("=")
        key = key.strip().lower()
        key = _KEYS.get(key, key)
        if key not in _KNOWN:
            raise InvalidInput(f"--mount {text}: unknown key {key!r}", f"the keys are {', '.join(_KNOWN)}")
        if not equals and key not in _FLAGS:
            raise InvalidInput(f"--mount {text}: {key!r} needs a value", f"write {key}=...")
        said[key] = value if equals else "true"
    return said


def _only(kind: str, said: dict[str, str], text: str) -> None:
    for prefix, keys in (("bind", _BIND), ("volume", _VOLUME), ("tmpfs", _TMPFS)):
        for key in keys:
            if key in said and kind != prefix:
                raise InvalidInput(f"--mount {text}: {key} is for {prefix} mounts, and this one is {kind}")


def _options(kind: str, said: dict[str, str]) -> list[str]:
    options = []
    propagation = said.get("bind-propagation")
    if propagation is not None:
        if propagation not in PROPAGATIONS:
            raise InvalidInput(
                f"--mount: no propagation is called {propagation!r}", f"they are {', '.join(PROPAGATIONS)}"
            )
        options.append(propagation)
    recursive = said.get("bind-recursive", "disabled" if _truth(said, "bind-nonrecursive") else "enabled")
    if recursive not in _RECURSIVE:
        raise InvalidInput(f"--mount: bind-recursive={recursive}", f"it may be {', '.join(_RECURSIVE)}")
    options.extend(_RECURSIVE[recursive])
    if "tmpfs-size" in said:
        options.append(f"size={parse_size(said['tmpfs-size'], '--mount tmpfs-size')}")
    if "tmpfs-mode" in said:
        options.append(f"mode={_mode(said['tmpfs-mode'])}")
    if "tmpfs-options" in said:
        options.extend(_tmpfs_options(said["tmpfs-options"].split(";"), "--mount tmpfs-options"))
    return options


def _truth(said: dict[str, str], key: str) -> bool:
    value = said.get(key, "false").lower()
    if value not in _TRUE + _FALSE:
        raise InvalidInput(f"--mount: {key}={value}", f"write {key}=true or {key}=false")
    return value in _TRUE


def _mode(text: str) -> str:
    if not 0 < len(text) < 6 or not set(text) <= set("01234567"):
        raise InvalidInput(f"{text!r} is not a mode", "write it in octal: 1777")
    return text


# ----------------------------------------------------------------------------------------------------- --volume


def parse_volume(text: str) -> Mount:
    """ "[SOURCE:]TARGET[:OPTIONS]": a source with a slash is a folder of the host, another is a volume's name."""
    parts = text.split(":")
    if len(parts) > 3 or not all(parts):
        raise InvalidInput(f"--volume: {text!r} is not [SOURCE:]TARGET[:OPTIONS]", "paths with a colon need --mount")
    source = "" if len(parts) == 1 else parts[0]
    target = _target(parts[0] if len(parts) == 1 else parts[1], f"--volume {text}")
    read_only, options, copy = _volume_options(parts[2].split(",") if len(parts) == 3 else (), text)
    bind = source.startswith(("/", ".", "~"))
    if bind:
        return Mount("bind", _host_path(source), target, read_only, tuple(options), create_source=True)
    if source:
        check_volume_name(source)
    propagation = [option for option in options if option in PROPAGATIONS]
    if propagation:
        raise InvalidInput(f"--volume {text}: {propagation[0]} is for folders of the host, not for volumes")
    return Mount("volume", source, target, read_only, tuple(options), copy=copy)


def _volume_options(words: Iterable[str], text: str) -> tuple[bool, list[str], bool]:
    read_only, options, copy, access = False, [], True, False
    for word in words:
        if word in ("ro", "rw"):
            if access:
                raise InvalidInput(f"--volume {text}: ro and rw only once")
            read_only, access = word == "ro", True
        elif word == "nocopy":
            copy = False
        elif word in PROPAGATIONS or word in ("z", "Z"):
            options.append(word)
        elif word not in _CONSISTENCIES:
            raise InvalidInput(
                f"--volume {text}: unknown option {word!r}",
                f"the options are ro, rw, nocopy, z, Z, {', '.join(PROPAGATIONS)}",
            )
    return read_only, options, copy


def check_volume_name(name: str) -> None:
    import re  # only for those who ask: it takes 6 ms

    if len(name) > 255 or not re.fullmatch(_VOLUME_NAME, name, re.ASCII):
        raise InvalidInput(
            f"{name!r} cannot be a volume's name",
            "a name has letters, digits, _ . -; a folder of the host is written as an absolute path",
        )


# ------------------------------------------------------------------------------------------------------ --tmpfs

_TMPFS_FLAGS = (
    "ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "dirsync", "atime", "noatime",
    "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime", "mand", "nomand",
    *PROPAGATIONS, "unbindable", "runbindable",
)  # fmt: skip
_TMPFS_VALUES = ("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol")


def parse_tmpfs(text: str) -> Mount:
    """ "TARGET[:OPTIONS]" with tmpfs(5)'s options. InvalidInput."""
    target, colon, words = text.partition(":")
    options = _tmpfs_options(words.split(",") if colon else (), f"--tmpfs {text}")
    read_only = "ro" in options
    kept = tuple(option for option in options if option not in ("ro", "rw"))
    return Mount("tmpfs", "", _target(target, f"--tmpfs {text}"), read_only, kept)


def _tmpfs_options(words: Iterable[str], said: str) -> list[str]:
    options = []
    for word in filter(None, words):
        key, equals, value = word.partition("=")
        if equals and key in _TMPFS_VALUES and value:
            if key == "size" and not value.endswith("%"):
                value = str(parse_size(value, said))
            options.append(f"{key}={value}")
        elif not equals and word in _TMPFS_FLAGS:
            options.append(word)
        else:
            raise InvalidInput(f"{said}: tmpfs has no option {word!r}", "tmpfs(5) lists them")
    return options


# -------------------------------------------------------------------------------------------------------- paths


def _target(path: str, said: str) -> str:
    if not path.startswith("/"):
        raise InvalidInput(f"{said}: the target {path!r} is not an absolute path", "give target=/path/in/the/container")
    clean = os.path.normpath("/" + path.lstrip("/"))
    if clean == "/":
        raise InvalidInput(f"{said}: the target cannot be the container's root")
    if "\0" in clean:
        raise InvalidInput(f"{said}: a NUL byte in the target")
    return clean


def _host_path(path: str) -> str:
    if "\0" in path:
        raise InvalidInput(f"{path!r}: a NUL byte in a path")
    return os.path.abspath(os.path.expanduser(path))
