"""A bundle read: its config.json as backends take it. On the launch path."""

from __future__ import annotations

import os

from arch import kernel
from backends.security.capabilities import NUMBERS
from runtime import records
from runtime.errors import Damaged
from runtime.oci.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.journal import Journal

_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")


class Bundle:
    """`folder` absolute; `content` the bytes of config.json and `config` their meaning; `rootfs` absolute."""

    __slots__ = ("config", "content", "folder", "rootfs")

    def __init__(self, folder: str, config: str = "") -> None:
        """`config`: a file elsewhere, to take instead of config.json. Refused."""
        self.folder = os.path.realpath(folder or ".")
        if not os.path.isdir(self.folder):
            raise Refused(f"chdir {folder}: no such file or directory")
        path = os.path.abspath(config) if config else f"{self.folder}/config.json"
        try:
            with open(path, "rb", 0) as file:
                self.content = file.read()
        except FileNotFoundError:
            raise Refused(f"JSON specification file {config or 'config.json'} not found") from None
        self.config = _decode(path, self.content)
        root = self.config.get("root")
        place = root.get("path") if isinstance(root, dict) else None
        if not isinstance(place, str) or not place:
            raise Refused("config.json: root.path: there is no root filesystem")
        self.rootfs = os.path.realpath(os.path.join(self.folder, place))
        if not os.path.isdir(self.rootfs):
            raise Refused(f"invalid rootfs: stat {self.rootfs}: no such file or directory")

    def adapt(self, journal: Journal) -> dict[str, Any]:
        """config.json with what the specification leaves to the runtime settled: sources of bind mounts are relative
        to the bundle, destinations to the root, and what has no meaning or cannot be granted is told and left out."""
        for number, mount in enumerate(self.config.get("mounts") or ()):
            destination = mount.get("destination")
            if isinstance(destination, str) and destination.startswith(f"{self.rootfs}/"):
                mount["destination"] = destination[len(self.rootfs) :]
            options: list[str] = mount.get("options") or []
            if mount.get("type") != "bind" and "bind" not in options and "rbind" not in options:
                continue
            source = mount.get("source")
            if source and not source.startswith("/"):
                mount["source"] = os.path.join(self.folder, source)
            if any("=" in option for option in options):
                mount["options"] = _without_values(options, f"mounts[{number}].options", journal)
        memory = ((self.config.get("linux") or {}).get("resources") or {}).get("memory") or {}
        if memory.get("kernel"):
            journal.warning(
                "config.json: linux.resources.memory.kernel: ignored: the kernel has no such limit any more"
            )
        process = self.config.get("process")
        if process:
            grant(process, self.config, journal)
        return self.config


def _without_values(options: list[str], place: str, journal: Journal) -> list[str]:
    """What file systems are told, as mode=755, says nothing to a bind mount: mount(2) ignores it, engines send it."""
    kept = [option for option in options if "=" not in option or option.startswith(("idmap", "ridmap"))]
    for option in options:
        if option not in kept:
            journal.warning(f"config.json: {place}: a bind mount has no {option}: ignored")
    return kept


def _decode(path: str, content: bytes) -> dict[str, Any]:
    try:
        config = records.decode(content.decode("utf-8"))
    except ValueError as error:
        raise Refused(f"{path}: {error}") from None
    if not isinstance(config, dict):
        raise Refused(f"{path}: not a JSON object")
    return config


def read_object(path: str) -> dict[str, Any]:
    """A JSON object of a file that a user named. Refused."""
    try:
        return records.load(path)
    except FileNotFoundError:
        raise Refused(f"open {path}: no such file or directory") from None
    except Damaged as error:
        raise Refused(str(error)) from None


def grant(process: dict[str, Any], config: dict[str, Any], journal: Journal) -> None:
    """What nobody here can give is told and left out (runtime-spec, `capabilities`); ambient ones need to be
    permitted and inheritable, and are lost else (capabilities(7)). A user namespace has all that the kernel has."""
    sets = process.get("capabilities")
    if not isinstance(sets, dict):
        return
    if any(entry.get("type") == "user" for entry in (config.get("linux") or {}).get("namespaces") or ()):
        permitted = (1 << kernel.last_capability() + 1) - 1
    else:
        permitted = kernel.capget()[1]
    lacking = set()
    for name in _SETS:
        wanted = sets.get(name)
        if not wanted:
            continue
        kept = [capability for capability in wanted if permitted >> NUMBERS.get(capability, 63) & 1]
        if len(kept) != len(wanted):
            lacking.update(set(wanted).difference(kept))
            sets[name] = kept
    if lacking:
        journal.warning(f"ignoring unknown or unavailable capabilities: {sorted(lacking)}")
    if sets.get("ambient"):
        usable = set(sets.get("permitted") or ()) & set(sets.get("inheritable") or ())
        for capability in sets["ambient"]:
            if capability not in usable:
                journal.warning(f"can't raise ambient capability {capability}: it is not permitted and inheritable")
        sets["ambient"] = [capability for capability in sets["ambient"] if capability in usable]
