"""What of config.json execution by lxc does not do: named, and refused. Pure."""

from __future__ import annotations

from backends.execution.configuration import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HINT = "execution by namespaces does it"

# What is acted upon, by object; what else has a value is refused by its path.
KNOWN: dict[str, frozenset[str]] = {
    "": frozenset(("ociVersion", "process", "root", "mounts", "hostname", "domainname", "linux", "annotations")),
    "process": frozenset(
        (
            "terminal",
            "consoleSize",
            "user",
            "args",
            "env",
            "cwd",
            "capabilities",
            "rlimits",
            "noNewPrivileges",
            "oomScoreAdj",
            "apparmorProfile",
            "selinuxLabel",
        )
    ),
    "root": frozenset(("path", "readonly")),
    "linux": frozenset(
        (
            "namespaces",
            "cgroupsPath",
            "resources",
            "sysctl",
            "maskedPaths",
            "readonlyPaths",
            "devices",
            "seccomp",
            "uidMappings",
            "gidMappings",
        )
    ),
}


def check(bundle: dict[str, Any]) -> None:
    """UnsupportedConfiguration for the first that is not known here."""
    for section, known in KNOWN.items():
        found: Any = bundle.get(section) or {} if section else bundle
        for key, value in found.items():
            if key not in known and value not in (None, "", [], {}, False):
                path = f"{section}.{key}" if section else key
                raise refuse(path, "execution by lxc does not do that", _HINT)
