"""The global options, and what follows from them. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.errors import Refused, Usage
from runtime.oci.journal import JSON, TEXT, Journal
from runtime.oci.options import FLAG, MANY, Option
from runtime.oci.options import TEXT as STRING
from runtime.oci.place import home, unprivileged
from runtime.oci.placement import CGROUPFS, DISABLED, SYSTEMD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MANAGERS = (CGROUPFS, SYSTEMD, DISABLED)

OPTIONS = (
    Option("root", "folder of the containers' states (default /run/runtime-oci)", STRING),
    Option("log", "file that messages go to, instead of standard error", STRING),
    Option("log-format", "text or json", STRING, value=TEXT),
    Option("debug", "tell more"),
    Option("systemd-cgroup", "have systemd make cgroups: --cgroup-manager systemd"),
    Option("cgroup-manager", "cgroupfs, systemd or disabled", STRING, value=CGROUPFS),
    Option("rootless", "true: use of cgroups only what was delegated; false: all; or auto", STRING, value="auto"),
    Option("criu", "taken as runc does, and not used", MANY),
    Option("version", "show the version", FLAG, "v"),
    Option("help", "show help", FLAG, "h"),
)


class Settings:
    """`cgroups`: who makes them; `rootless`: whether only what was delegated is there for it."""

    __slots__ = ("cgroups", "journal", "root", "rootless")

    def __init__(self, values: dict[str, Any], journal: Journal) -> None:
        """Usage, Refused"""
        self.journal = journal
        self.root: str = os.path.abspath(values["root"]) if values["root"] else home()
        _check_owner(self.root)
        if self.root.startswith("/tmp/runtime-"):  # where anybody may have been before us
            _check_owner(os.path.dirname(self.root))
        if values["log-format"] not in (TEXT, JSON):
            raise Usage(f'invalid log-format "{values["log-format"]}": it is text or json')
        journal.format = values["log-format"]
        journal.path = os.path.abspath(values["log"]) if values["log"] and values["log"] != "/dev/stderr" else ""
        journal.debugging = values["debug"]
        if values["cgroup-manager"] not in _MANAGERS:
            raise Usage(f'unknown cgroup manager "{values["cgroup-manager"]}": it is one of {", ".join(_MANAGERS)}')
        self.cgroups: str = SYSTEMD if values["systemd-cgroup"] else values["cgroup-manager"]
        self.rootless = _rootless(values["rootless"])


def _check_owner(root: str) -> None:
    """What is written there says which processes are killed and which cgroups removed. Refused."""
    try:
        found = os.stat(root)
    except OSError:
        return  # it will be made, or not be found
    why = ""
    if found.st_uid not in (0, os.geteuid()):
        why = f"it belongs to user {found.st_uid}"
    elif found.st_mode & 0o002 or (found.st_mode & 0o020 and found.st_gid != os.getegid()):
        why = "others may write to it"
    if why:
        raise Refused(f"{root}: {why}: states of containers are kept where only their owner writes (chmod 0700)")


def _rootless(said: str) -> bool:
    if said == "auto":
        return unprivileged()
    if said.lower() not in ("true", "false"):
        raise Usage(f'invalid value "{said}" for --rootless: it is true, false or auto')
    return said.lower() == "true"
