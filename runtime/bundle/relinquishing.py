"""A request with the guarantees that its container gets, and without those that it does not: given up because this host
cannot, or forbidden. What was only preferred must not be in the bundle either, or the backend would refuse it a second
time; what is insisted on by name must be, though no flag of its own said so. Pure.
"""

from __future__ import annotations

from runtime.bundle.demands import LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from runtime.containers.request import Request, Resources

_BLANKS: dict[str, dict[str, Any]] = {
    "pid-namespace": {"pid": "host"},
    "uts-namespace": {"uts": "host", "hostname": "", "domainname": ""},
    "ipc-namespace": {"ipc": "host"},
    "network-namespace": {"network": "host"},
    "user-namespace": {"userns": "host"},
    "cgroup-namespace": {"cgroupns": "host"},
    "read-only-root": {"read_only": False},
}
_OPTIONS = {
    "seccomp": ("seccomp", "seccomp=unconfined"),
    "masked-paths": ("systempaths", "systempaths=unconfined"),
    "no-new-privileges": ("no-new-privileges", ""),
}


def fulfil(request: Request, names: Iterable[str]) -> Request:
    """Asks for what containers do not have unless they are told to."""
    changes: dict[str, Any] = {}
    if "user-namespace" in names and not request.userns:
        changes["userns"] = "private"
    if "cgroup-namespace" in names and not request.cgroupns:
        changes["cgroupns"] = "private"
    if "read-only-root" in names:
        changes["read_only"] = True
    if "no-new-privileges" in names:
        kept = [text for text in request.security_options if not text.startswith("no-new-privileges")]
        changes["security_options"] = (*kept, "no-new-privileges")
    return request.replaced(**changes) if changes else request


def relinquish(request: Request, names: Iterable[str]) -> Request:
    """What no flag can say (own-root, kill-all, ...) changes nothing here: the backend does without."""
    lost = frozenset(names)
    if not lost:
        return request
    changes: dict[str, Any] = {}
    for name in lost:
        changes.update(_BLANKS.get(name, {}))
    if lost & set(_OPTIONS):
        changes["security_options"] = _options(request.security_options, lost)
    if "seccomp" in lost:
        changes["seccomp_profile"] = None
    if lost & set(LIMITS):
        changes["resources"] = unlimited(request.resources, lost)
    return request.replaced(**changes)


def relinquish_mounts(bundle: dict[str, Any], names: Iterable[str]) -> None:
    """The one namespace that no flag speaks of, taken out of a compiled bundle."""
    if "mount-namespace" in names:
        kept = [entry for entry in bundle["linux"]["namespaces"] if entry["type"] != "mount"]
        bundle["linux"]["namespaces"] = kept


def _options(options: tuple[str, ...], lost: frozenset[str]) -> tuple[str, ...]:
    replaced = {key: text for name, (key, text) in _OPTIONS.items() if name in lost}
    kept = [text for text in options if text.replace(":", "=").partition("=")[0] not in replaced]
    return (*kept, *(text for text in replaced.values() if text))


def unlimited(resources: Resources, names: Iterable[str]) -> Resources:
    blank = type(resources)()
    fields = [field for name in names for field in LIMITS.get(name, ())]
    if "memory-limit" in names:  # swap is limited together with memory or not at all
        fields.append("memory_swap")
    return resources.replaced(**{field: getattr(blank, field) for field in fields})
