"""criu(8), by its command line: what a container is saved with, and continued.

Its remote calls (`criu swrk`) would give one thing more, the master of a restored terminal; that takes Google's
protocol buffers, so a container with a terminal is refused instead.
"""

from __future__ import annotations

import errno
import os

from arch import inside
from backends.execution.configuration import items, section
from runtime.oci.errors import Refused
from runtime.oci.options import TEXT, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROGRAM = "criu"
DESCRIPTORS = "descriptors.json"
_SETTINGS = "/etc/criu/runc.conf"  # where administrators have put theirs for engines
_MODES = ("soft", "full", "strict", "ignore")
_NAMESPACES = {"network": "net", "pid": "pid"}  # those that criu takes as somebody else's
_MOST_LINES = 4

OPTIONS = (
    Option("image-path", "folder of criu's images (default: checkpoint)", TEXT),
    Option("work-path", "folder of criu's log and of what it needs meanwhile (default: that of the images)", TEXT),
    Option("tcp-established", "take open TCP connections along"),
    Option("ext-unix-sk", "allow UNIX sockets with an end outside"),
    Option("shell-job", "allow a terminal of somebody else's"),
    Option("file-locks", "take file locks along"),
    Option("manage-cgroups-mode", "soft, full, strict or ignore", TEXT, value="soft"),
    Option("empty-ns", "kind of a namespace whose properties are left alone: network", TEXT),
    Option("auto-dedup", "free pages of older images"),
    Option("lazy-pages", "pages are fetched when they are needed"),
)
_SWITCHES = ("tcp-established", "ext-unix-sk", "shell-job", "file-locks", "auto-dedup", "lazy-pages")


class Folders:
    """--image-path and --work-path."""

    __slots__ = ("images", "work")

    def __init__(self, said: dict[str, Any]) -> None:
        self.images = os.path.abspath(said["image-path"] or "checkpoint")
        self.work = os.path.abspath(said["work-path"]) if said["work-path"] else self.images

    def make(self) -> None:
        for folder in (self.images, self.work):
            os.makedirs(folder, 0o700, exist_ok=True)


def program() -> str:
    """Refused, where it is not installed or not for us."""
    from shutil import which

    found = which(PROGRAM)
    if found is None:
        raise Refused("there is no criu here, by which containers are saved (install Debian's package criu)")
    if os.geteuid() != 0:
        raise Refused("criu saves and continues containers for root only")
    return found


def arguments(action: str, folders: Folders, log: str, said: dict[str, Any], annotations: dict[str, str]) -> list[str]:
    """What both directions have in common."""
    mode = said["manage-cgroups-mode"] or "soft"
    if mode not in _MODES:
        raise Refused(f"invalid manage cgroups mode {mode!r}: it is one of {', '.join(_MODES)}")
    if said["empty-ns"] not in ("", "network"):
        raise Refused(f"namespace {said['empty-ns']} is not supported: --empty-ns takes network")
    command = [program(), action, "--images-dir", folders.images, "--work-dir", folders.work]
    command += ["--log-file", log, "-v4", f"--manage-cgroups={mode}"]
    command += [f"--{name}" for name in _SWITCHES if said[name]]
    if said["empty-ns"]:
        command += ["--empty-ns", "net"]
    settings = annotations.get("org.criu.config", _SETTINGS)
    return command + (["--config", settings] if settings and os.path.exists(settings) else [])


def bound(config: dict[str, Any], root: int) -> dict[str, str]:
    """Destinations of bind mounts, as they are in the container's root, and their sources."""
    found = {}
    for mount in items(config, "mounts", "mounts", dict):
        if mount.get("type") == "bind" or {"bind", "rbind"} & set(mount.get("options") or ()):
            found[place(root, mount["destination"])] = str(mount.get("source"))
    return found


def place(root: int, path: str) -> str:
    """A path in a container's root with no link left in it."""
    descriptor = inside.open_inside(root, path, os.O_PATH | os.O_CLOEXEC)
    try:
        top, there = (os.readlink(f"/proc/self/fd/{number}") for number in (root, descriptor))
    finally:
        os.close(descriptor)
    return there[len(top.rstrip("/")) :]


def outside(config: dict[str, Any]) -> dict[str, str]:
    """The key, for criu, of each namespace that is joined, and its path."""
    linux = section(config, "linux", "linux")
    found = {}
    for entry in items(linux, "namespaces", "linux.namespaces", dict):
        if entry.get("path") and entry["type"] in _NAMESPACES:
            found[f"extRoot{_NAMESPACES[entry['type']].capitalize()}NS"] = str(entry["path"])
    return found


def check(config: dict[str, Any]) -> None:
    """Refused, naming the property, for what is not saved."""
    if section(config, "process", "process").get("terminal"):
        raise Refused("config.json: process.terminal: a container with a terminal cannot be saved or continued here")
    for number, entry in enumerate(items(section(config, "linux", "linux"), "namespaces", "linux.namespaces", dict)):
        if entry.get("path") and entry["type"] not in _NAMESPACES:
            raise Refused(
                f"config.json: linux.namespaces[{number}].path: criu takes network and pid namespaces of others, and no"
                f" {entry['type']} namespace"
            )


def failed(action: str, status: int, folders: Folders, log: str) -> Refused:
    """With the last that criu had to say."""
    path = f"{folders.work}/{log}"
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if "Error" in line and "exited, status" not in line]
    except OSError as error:
        lines = [f"its log {path} cannot be read: {os.strerror(error.errno or errno.EIO)}"]
    told = "; ".join(lines[-_MOST_LINES:]) or "no error in its log"
    return Refused(f"criu failed: {action} ended with {status}: {told} (all of it is in {path})")
