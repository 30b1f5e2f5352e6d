"""What lxc-start leaves when it is killed: its own cgroups."""

from __future__ import annotations

import os

from backends.cgroups import layout
from backends.cgroups.folder import Folder

_WORD = "lxc.cgroup.dir.monitor = "


def remove(folder: str) -> None:
    """Those that the configuration in that folder names, or lxc after it, in every hierarchy. None is success."""
    path = own_cgroup(folder) or f"lxc.monitor.{os.path.basename(folder)}"
    here = layout.read()
    for top in {*here.v1.values(), here.v2} - {""}:
        Folder(f"{top}/{path}").remove()


def own_cgroup(folder: str) -> str:
    """Relative to a hierarchy's top; empty where lxc chose it."""
    try:
        with open(f"{folder}/config", encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return ""
    return next((line[len(_WORD) :] for line in lines if line.startswith(_WORD)), "")
