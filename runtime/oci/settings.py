"""The global options, and what follows from them. On the launch path."""

from __future__ import annotations

import os

from runtime.oci.errors import Usage
from runtime.oci.journal import JSON, TEXT, Journal
from runtime.oci.options import FLAG, MANY, Option
from runtime.oci.options import TEXT as STRING
from runtime.oci.place import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CGROUPFS = "cgroupfs"
DISABLED = "disabled"

OPTIONS = (
    Option("root", "folder of the containers' states (default /run/runtime-oci)", STRING),
    Option("log", "file that messages go to, instead of standard error", STRING),
    Option("log-format", "text or json", STRING, value=TEXT),
    Option("debug", "tell more"),
    Option("systemd-cgroup", "have systemd make cgroups: refused so far"),
    Option("cgroup-manager", "cgroupfs or disabled", STRING, value=CGROUPFS),
    Option("rootless", "true, false or auto: taken, and found out anyway", STRING, value="auto"),
    Option("criu", "taken as runc does, and not used", MANY),
    Option("version", "show the version", FLAG, "v"),
    Option("help", "show help", FLAG, "h"),
)


class Settings:
    __slots__ = ("journal", "limited", "root")

    def __init__(self, values: dict[str, Any], journal: Journal) -> None:
        """Usage"""
        self.journal = journal
        self.root: str = os.path.abspath(values["root"]) if values["root"] else home()
        if values["log-format"] not in (TEXT, JSON):
            raise Usage(f'invalid log-format "{values["log-format"]}": it is text or json')
        journal.format = values["log-format"]
        journal.path = os.path.abspath(values["log"]) if values["log"] and values["log"] != "/dev/stderr" else ""
        journal.debugging = values["debug"]
        if values["systemd-cgroup"] or values["cgroup-manager"] == "systemd":
            raise Usage("systemd cgroups are not supported yet: leave --systemd-cgroup out, and use cgroupfs")
        if values["cgroup-manager"] not in (CGROUPFS, DISABLED):
            raise Usage(f'unknown cgroup manager "{values["cgroup-manager"]}": it is {CGROUPFS} or {DISABLED}')
        self.limited = values["cgroup-manager"] == CGROUPFS
