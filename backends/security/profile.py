"""The default seccomp profile as linux.seccomp of a bundle: pure."""

from __future__ import annotations

from arch.syscalls import table
from backends.security import calls
from backends.security.docker_profile import resolve_profile
from backends.security.seccomp.abi import machine, profile_name, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Entry = dict[str, Any]

__all__ = ["default_profile", "resolve_profile"]

_EPERM = 1
_ENOSYS = 38


def default_profile(
    architecture: str, capabilities: Iterable[str] = (), kernel: tuple[int, ...] | None = None
) -> dict[str, Any]:
    """The profile for a container with these capabilities ("CAP_CHOWN", ...) on a machine.

    `kernel` is its version, (6, 18); unknown counts as old, which costs ptrace(2) inside the container. Only names that
    the machine has are in it. UnknownArchitecture.
    """
    held = frozenset(capabilities)
    entries = [_allow(_always(held, kernel)), *_sockets(), *_personalities(), *_clones(architecture, held)]
    abis = spoken(architecture)
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": _EPERM,
        "architectures": [profile_name(abi) for abi in abis],
        "syscalls": [entry for entry in (_present(entry, abis) for entry in entries) if entry["names"]],
    }


def _always(held: frozenset[str], kernel: tuple[int, ...] | None) -> list[str]:
    names = {name for group in calls.ALLOWED.values() for name in group}
    if kernel is not None and kernel[:2] >= calls.TRACING_SINCE:
        names.update(calls.TRACING)
    for capability, group in calls.BY_CAPABILITY.items():
        if capability in held:
            names.update(group)
    return sorted(names)


def _allow(names: list[str], *arguments: Entry) -> Entry:
    entry: Entry = {"names": names, "action": "SCMP_ACT_ALLOW"}
    if arguments:
        entry["args"] = list(arguments)
    return entry


def _argument(index: int, operator: str, value: int, second: int = 0) -> Entry:
    return {"index": index, "op": operator, "value": value, "valueTwo": second}


def _sockets() -> list[Entry]:
    """One rule a family but for those below the first refused one: the spec has no ranges, and two conditions on one
    argument are read as alternatives."""
    first = min(calls.REFUSED_FAMILIES)
    others = [family for family in range(first, calls.NEWEST_FAMILY + 1) if family not in calls.REFUSED_FAMILIES]
    return [
        _allow(["socket"], _argument(0, "SCMP_CMP_LT", first)),
        *(_allow(["socket"], _argument(0, "SCMP_CMP_EQ", family)) for family in others),
    ]


def _personalities() -> list[Entry]:
    return [_allow(["personality"], _argument(0, "SCMP_CMP_EQ", value)) for value in calls.PERSONALITIES]


def _clones(architecture: str, held: frozenset[str]) -> list[Entry]:
    """Without CAP_SYS_ADMIN: no new namespaces by clone(2). clone3(2)'s flags are in memory, out of a filter's sight,
    so it does not exist, and C libraries fall back to clone(2)."""
    if "CAP_SYS_ADMIN" in held:
        return []
    flags = machine(architecture).clone.index("flags")
    return [
        _allow(["clone"], _argument(flags, "SCMP_CMP_MASKED_EQ", calls.NAMESPACE_FLAGS, 0)),
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
    ]


def _present(entry: Entry, abis: tuple[str, ...]) -> Entry:
    """An entry without the names that no ABI of the machine has, apart from what only a multiplexer offers."""
    tables = [table("x86_64" if abi == "x32" else abi) for abi in abis]
    multiplexed = any("socketcall" in numbers for numbers in tables)
    kept = [name for name in entry["names"] if (multiplexed and name in _ONLY_MULTIPLEXED) or _in(name, tables)]
    return {**entry, "names": kept}


# Calls that i386, ppc and s390 never gave a number of their own.
_ONLY_MULTIPLEXED = frozenset({"accept", "send", "recv", "semop", "semtimedop"})


def _in(name: str, tables: list[dict[str, int]]) -> bool:
    return any(name in numbers for numbers in tables)
