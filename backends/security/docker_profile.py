"""Profiles in docker's own format (`--security-opt seccomp=FILE`), made into linux.seccomp of a bundle.

Beyond linux.seccomp it has `archMap`, and on each rule `includes` and `excludes` (capabilities, architectures, oldest
kernel), which are decided here. A file that is linux.seccomp already passes through. podman's variant names errors
("errno": "EPERM") beside their numbers.
"""

from __future__ import annotations

import errno

from backends.security.errors import BadProfile
from backends.security.seccomp.abi import PROFILE_NAMES, profile_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# What `includes` and `excludes` call our architectures: Go's names, and libseccomp's where people mix them up.
_GO_NAMES: dict[str, tuple[str, ...]] = {
    "x86_64": ("amd64", "x86_64"),
    "i386": ("386", "x86"),
    "arm64": ("arm64", "aarch64"),
    "arm": ("arm",),
    "ppc64le": ("ppc64le",),
    "riscv64": ("riscv64",),
    "s390x": ("s390x",),
}
_COPIED = ("defaultAction", "flags", "listenerPath", "listenerMetadata")


class _Container:
    """What the conditions of a profile are about."""

    def __init__(self, architecture: str, capabilities: Iterable[str], kernel: tuple[int, ...] | None) -> None:
        self.names = _GO_NAMES.get(architecture, (architecture,))
        self.capabilities = frozenset(capabilities)
        self.kernel = kernel

    def has_kernel(self, wanted: object, where: str) -> bool:
        """Unknown counts as too old: what a profile ties to a kernel is an allowance."""
        try:
            numbers = tuple(int(part) for part in str(wanted).split("."))
        except ValueError:
            raise BadProfile(f"{where}.minKernel: {wanted!r} is no version", 'such as "4.8"') from None
        return self.kernel is not None and self.kernel[: len(numbers)] >= numbers


def resolve_profile(
    profile: dict[str, Any],
    architecture: str,
    capabilities: Iterable[str] = (),
    kernel: tuple[int, ...] | None = None,
) -> dict[str, Any]:
    """linux.seccomp for a container; BadProfile, naming the JSON path. Actions and conditions are checked later, when
    it is compiled."""
    if not isinstance(profile, dict):
        raise BadProfile("the seccomp profile is not a JSON object")
    container = _Container(architecture, capabilities, kernel)
    resolved: dict[str, Any] = {key: profile[key] for key in _COPIED if profile.get(key)}
    default = _errno(profile, "defaultErrno", "defaultErrnoRet", "")
    if default is not None:
        resolved["defaultErrnoRet"] = default
    resolved["architectures"] = _architectures(profile, architecture)
    rules = profile.get("syscalls")
    if rules is not None and not isinstance(rules, list):
        raise BadProfile("syscalls: not a list")
    resolved["syscalls"] = []
    for index, rule in enumerate(rules or ()):
        where = f"syscalls[{index}]"
        if not isinstance(rule, dict):
            raise BadProfile(f"{where}: not an object")
        if _applies(rule, container, where):
            resolved["syscalls"].append(_rule(rule, where))
    return resolved


def _architectures(profile: dict[str, Any], architecture: str) -> list[str]:
    listed, mapped = _list(profile, "architectures", ""), profile.get("archMap")
    if listed and mapped:
        raise BadProfile("architectures and archMap exclude each other", "leave one of them out")
    if not mapped:
        return list(listed)
    if not isinstance(mapped, list):
        raise BadProfile("archMap: not a list")
    native = profile_name(architecture)
    others: list[str] = []
    for index, entry in enumerate(mapped):
        if not isinstance(entry, dict) or entry.get("architecture") not in list(PROFILE_NAMES):
            raise BadProfile(f"archMap[{index}].architecture: no architecture's name")
        if entry["architecture"] == native:
            others = _list(entry, "subArchitectures", f"archMap[{index}].")
    return [native, *others]


def _applies(rule: dict[str, Any], container: _Container, where: str) -> bool:
    """`includes`: every capability, any of the architectures, that kernel or newer; `excludes`: none of them."""
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    if not isinstance(wanted, dict) or not isinstance(unwanted, dict):
        raise BadProfile(f"{where}: includes and excludes are objects")
    here = set(container.names)
    architectures = _names(wanted, "arches", f"{where}.includes.")
    if architectures and not architectures & here:
        return False
    if not _names(wanted, "caps", f"{where}.includes.") <= container.capabilities:
        return False
    if wanted.get("minKernel") and not container.has_kernel(wanted["minKernel"], f"{where}.includes"):
        return False
    if _names(unwanted, "arches", f"{where}.excludes.") & here:
        return False
    if _names(unwanted, "caps", f"{where}.excludes.") & container.capabilities:
        return False
    return not (unwanted.get("minKernel") and container.has_kernel(unwanted["minKernel"], f"{where}.excludes"))


def _names(holder: dict[str, Any], key: str, where: str) -> set[str]:
    return set(_list(holder, key, where))


def _list(holder: dict[str, Any], key: str, where: str) -> list[str]:
    """A list of names, or nothing."""
    names = holder.get(key)
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadProfile(f"{where}{key}: not a list of names")
    return names


def _rule(rule: dict[str, Any], where: str) -> dict[str, Any]:
    if rule.get("name") and rule.get("names"):
        raise BadProfile(f"{where}: name and names exclude each other", "leave one of them out")
    kept: dict[str, Any] = {"names": rule.get("names") or [rule.get("name")], "action": rule.get("action")}
    number = _errno(rule, "errno", "errnoRet", where + ".")
    if number is not None:
        kept["errnoRet"] = number
    if rule.get("args"):
        kept["args"] = rule["args"]
    return kept


def _errno(holder: dict[str, Any], name_key: str, number_key: str, where: str) -> int | None:
    """The error of a rule, by name if it has one."""
    name = holder.get(name_key)
    if not name:
        number: int | None = holder.get(number_key)  # checked with its action, when it is compiled
        return number
    if not isinstance(getattr(errno, str(name), None), int):
        raise BadProfile(f"{where}{name_key}: no error is called {name!r}")
    value: int = getattr(errno, str(name))
    return value
