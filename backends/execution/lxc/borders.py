"""The namespaces of a container, as lxc's configuration says which it makes, shares and joins. Pure."""

from __future__ import annotations

from backends.execution.configuration import refuse, section
from backends.execution.plan import Namespaces
from backends.execution.sysctls import steps_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.execution.lxc.document import Document
    from probes.report import HostReport

_WHERE = "linux.namespaces"
# config.json's kind and lxc's, of those that lxc makes unless it is told otherwise
_KEPT = {"pid": "pid", "uts": "uts", "ipc": "ipc"}
_TIME = (5, 0)
_LXC = {
    "time": "time",
    "pid": "pid",
    "uts": "uts",
    "ipc": "ipc",
    "network": "net",
    "cgroup": "cgroup",
    "user": "user",
    "mount": "mnt",
}


def add_namespaces(document: Document, linux: dict[str, Any], report: HostReport) -> Namespaces:
    found = Namespaces(linux, report)
    if found.has("time"):
        raise refuse(_WHERE, "execution by lxc has no time namespace", "execution by namespaces does it")
    joined = dict(found.joined)
    if "user" in joined:
        raise refuse(_WHERE, "execution by lxc does not join a user namespace", "execution by namespaces does it")
    kept = [kind for kind in _KEPT if not found.has(kind)]
    if not found.has("cgroup") and not report.lacks("namespace.cgroup"):
        kept.append("cgroup")
    if kept:
        # Of what is not said here lxc then makes all, also those that it does not make otherwise.
        kept += [] if found.has("user") else ["user"]
        kept += ["time"] if document.dialect.version >= _TIME else []
        document.add("lxc.namespace.keep", " ".join(_LXC[kind] for kind in kept), _WHERE)
    for kind, path in joined.items():
        document.add("lxc.namespace.share", path, _WHERE, below=_LXC[kind])
    if found.creates("network"):
        document.add("lxc.net.0.type", "empty", _WHERE)  # loopback alone, and up
    elif "network" not in joined:
        document.add("lxc.net.0.type", "none", _WHERE)  # the host's
    return found


def add_sysctls(document: Document, linux: dict[str, Any], namespaces: Namespaces) -> None:
    values = section(linux, "sysctl", "linux.sysctl")
    if values:
        steps_of(values, namespaces.has)  # refuses what is not a namespace's own
    for name, value in values.items():
        document.add("lxc.sysctl", value, f"linux.sysctl.{name}", below=name.replace("/", "."))
