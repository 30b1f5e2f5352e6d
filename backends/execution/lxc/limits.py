"""linux.resources and process.rlimits as lxc's configuration has them. Pure.

The values are those that our own cgroups would write; which version's file a limit goes to, the host's report says.
"""

from __future__ import annotations

from backends.cgroups.controllers import controller
from backends.cgroups.controllers.devices import Rules, spelled
from backends.cgroups.folder import Folder
from backends.cgroups.limits import asked
from backends.execution.configuration import integer, items, refuse, section, text
from backends.execution.steps.limit import LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.cgroups.limits import Limit
    from backends.execution.lxc.document import Document
    from probes.report import HostReport

_KEYS = {1: "lxc.cgroup", 2: "lxc.cgroup2"}
_UNLIMITED = 1 << 63


class _Unmade(Folder):
    """The folder of a cgroup that lxc will make: nothing is in it yet."""

    __slots__ = ()

    def find(self, name: str) -> str:
        return ""

    def has(self, name: str) -> bool:
        return False


def add_limits(document: Document, linux: dict[str, Any], report: HostReport) -> None:
    resources = section(linux, "resources", "linux.resources")
    done: set[str] = set()
    for limit in asked(resources):
        if limit.module in done:
            continue
        done.add(limit.module)
        version = _version(limit, report)
        if limit.section == "devices":
            _devices(document, resources["devices"], version)
            continue
        for name, file, value in controller(limit.module).settings(resources, _Unmade(""), version):
            document.add(_KEYS[version], value, f"linux.resources.{name}", below=file)


def _version(limit: Limit, report: HostReport) -> int:
    """v1 where it has the controller, as everywhere in this program."""
    if limit.v1 and report.has(f"cgroup.v1.{limit.v1}"):
        return 1
    if limit.v2 and (limit.section == "unified" or report.has(f"cgroup.v2.{limit.v2}")):
        return 2
    raise refuse(f"linux.resources.{limit.name}", "no cgroup of this host has a controller for it")


def _devices(document: Document, given: list[dict[str, Any]], version: int) -> None:
    rules = Rules(given)
    path = "linux.resources.devices"
    allow, deny = ("devices.allow", "devices.deny")
    document.add(_KEYS[version], "a", path, below=allow if rules.allowed else deny)
    for key, access in rules.exceptions.items():
        document.add(_KEYS[version], f"{spelled(key)} {access}", path, below=deny if rules.allowed else allow)


def add_rlimits(document: Document, process: dict[str, Any]) -> None:
    seen = set()
    for number, limit in enumerate(items(process, "rlimits", "process.rlimits", dict)):
        path = f"process.rlimits[{number}]"
        name = text(limit, "type", f"{path}.type")
        if name not in LIMITS or name in seen:
            raise refuse(f"{path}.type", f"{name!r} is no resource limit, or is limited twice")
        seen.add(name)
        soft, hard = (integer(limit, key, f"{path}.{key}") for key in ("soft", "hard"))
        document.add("lxc.prlimit", f"{_said(soft)}:{_said(hard)}", path, below=name[len("RLIMIT_") :].lower())


def _said(value: int) -> str:
    return "unlimited" if value < 0 or value >= _UNLIMITED else str(value)
