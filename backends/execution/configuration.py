"""Reading config.json with its paths: what is of the wrong shape, or not to be had, is refused by name. Pure.

On the launch path.
"""

from __future__ import annotations

from backends.errors import UnsupportedConfiguration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

# Objects of runtime-spec 1.2 and 1.3 that this backend does not act on: silence would be a weaker container.
_UNSUPPORTED = (
    ("vm",),
    ("zos",),
    ("freebsd",),
)


def refuse(path: str, why: str, hint: str = "") -> UnsupportedConfiguration:
    return UnsupportedConfiguration(f"config.json: {path}: {why}", hint)


def section(parent: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    """An object, or an empty one where it is absent."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse(path, f"an object is wanted, not {value!r}")
    return value


def items(parent: dict[str, Any], key: str, path: str, kind: type = str) -> list[Any]:
    """An array of strings, or of what `kind` is; empty where it is absent."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise refuse(path, f"an array of {kind.__name__} is wanted, not {value!r}")
    return value


def integer(parent: dict[str, Any], key: str, path: str, default: int = 0) -> int:
    value = parent.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise refuse(path, f"a number is wanted, not {value!r}")
    return value


def text(parent: dict[str, Any], key: str, path: str) -> str:
    value = parent.get(key) or ""
    if not isinstance(value, str) or "\0" in value:
        raise refuse(path, f"a string is wanted, not {value!r}")
    return value


def mappings(parent: dict[str, Any], key: str, path: str) -> list[dict[str, int]]:
    """An array of {containerID, hostID, size}, each checked; `path` is the parent's."""
    found = []
    for number, entry in enumerate(items(parent, key, f"{path}.{key}", dict)):
        place = f"{path}.{key}[{number}]"
        found.append({name: integer(entry, name, f"{place}.{name}") for name in ("containerID", "hostID", "size")})
        if found[-1]["size"] < 1 or min(found[-1].values()) < 0:
            raise refuse(place, f"not a range of ids: {entry!r}")
    return found


def check(bundle: dict[str, Any]) -> None:
    """What no part of this backend looks at, and must not be passed over."""
    version = text(bundle, "ociVersion", "ociVersion")
    if version and not version.startswith("1."):
        raise refuse("ociVersion", f"{version} is not a version 1 of the runtime specification")
    for key, said in section(bundle, "annotations", "annotations").items():
        if not key or not isinstance(said, str):
            raise refuse("annotations", f"keys are not empty and values are strings: {key!r} is {said!r}")
    for path in _UNSUPPORTED:
        value: Any = bundle
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value:
            raise refuse(".".join(path), "this backend cannot do that")


def need(report: HostReport, capability: str, path: str, what: str) -> None:
    """UnsupportedConfiguration where the report knows that this host cannot. UNKNOWN is tried: the step will tell."""
    finding = report[capability]
    if finding.state in ("absent", "denied"):
        raise refuse(path, f"{what} cannot be had on this host: {finding.reason or finding.state}", finding.remedy)
