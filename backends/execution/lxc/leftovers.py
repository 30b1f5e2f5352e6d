"""What lxc-start leaves when it is killed: cgroups, its own and the container's."""

from __future__ import annotations

import os

from backends.cgroups import layout
from backends.cgroups.folder import Folder

_TOLD = ("lxc.cgroup.dir.monitor = ", "lxc.cgroup.dir.container = ")
_CHOSEN = ("lxc.monitor.", "lxc.payload.")  # and the container's name behind it: LXC 4.0


def remove(folder: str) -> None:
    """Those that the configuration in that folder names, or lxc after it, in every hierarchy. None is success."""
    paths = own_cgroups(folder) or [word + os.path.basename(folder) for word in _CHOSEN]
    here = layout.read()
    for top in {*here.v1.values(), here.v2} - {""}:
        for path in paths:
            Folder(f"{top}/{path}").remove()


def own_cgroups(folder: str) -> list[str]:
    """Relative to a hierarchy's top; none where lxc chose them."""
    try:
        with open(f"{folder}/config", encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return []
    return [line[len(word) :] for line in lines for word in _TOLD if line.startswith(word)]
