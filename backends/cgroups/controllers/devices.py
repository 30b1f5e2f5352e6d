"""Which device nodes may be made, read and written. v1: devices.allow and devices.deny; v2: a program (`bpf.py`)."""

from __future__ import annotations

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources

    # (type, major, minor), -1 for any -> which of "rwm"
    Exceptions = dict[tuple[str, int, int], str]

_ANY = -1
_ALL = "rwm"


def _rule(kind: str, major: int, minor: int, access: str = _ALL) -> dict[str, Any]:
    return {"allow": True, "type": kind, "major": major, "minor": minor, "access": access}


# What runtime-spec's "default devices" must be, whatever the rules say: a denial of everything leaves these. Making a
# node is no access to it.
DEFAULTS = (
    _rule("c", _ANY, _ANY, "m"),
    _rule("b", _ANY, _ANY, "m"),
    _rule("c", 1, 3),  # null
    _rule("c", 1, 5),  # zero
    _rule("c", 1, 7),  # full
    _rule("c", 1, 8),  # random
    _rule("c", 1, 9),  # urandom
    _rule("c", 5, 0),  # tty
    _rule("c", 5, 1),  # console
    _rule("c", 5, 2),  # ptmx
    _rule("c", 136, _ANY),  # pts
)


class Rules:
    """Rules in order, brought to what the kernel knows: one default, and exceptions to it."""

    __slots__ = ("allowed", "exceptions")

    def __init__(self, rules: Iterable[dict[str, Any]]) -> None:
        self.allowed = True  # a new cgroup's state
        self.exceptions: Exceptions = {}
        for rule in rules:
            self._add(rule)
        if not self.allowed:
            for rule in DEFAULTS:
                self._add(rule)

    def _add(self, rule: dict[str, Any]) -> None:
        allow, access = bool(rule.get("allow")), rule.get("access") or _ALL
        if not allow and "a" in access:
            access = _ALL  # some write it for all, as the type is written
        if set(access) - set(_ALL):
            raise CgroupError(f"devices: {access!r} is no access", 'use letters of "rwm"')
        kind = rule.get("type") or "a"
        if kind == "a":
            self._everything(allow, access, rule)
            return
        key = ("c" if kind == "u" else kind, _number(rule, "major"), _number(rule, "minor"))
        if key[0] not in ("b", "c"):
            raise CgroupError(f"devices: {kind!r} is no type of device", 'use "a", "b" or "c"')
        if allow == self.allowed:
            self._take_back(key, access)
        else:
            self.exceptions[key] = _joined(self.exceptions.get(key, "") + access)

    def _everything(self, allow: bool, access: str, rule: dict[str, Any]) -> None:
        if _number(rule, "major") != _ANY or _number(rule, "minor") != _ANY or _joined(access) != _ALL:
            raise CgroupError(
                "devices: a rule of type 'a' is for all devices and all access",
                'use one rule of type "b" and one of type "c"',
            )
        self.allowed = allow
        self.exceptions = {}

    def _take_back(self, key: tuple[str, int, int], access: str) -> None:
        """Ends exceptions that `key` covers. What cuts a hole into a wider exception the kernel cannot express."""
        for known, had in list(self.exceptions.items()):
            if _covers(key, known):
                left = "".join(letter for letter in had if letter not in access)
                if left:
                    self.exceptions[known] = left
                else:
                    del self.exceptions[known]
            elif _covers(known, key) and set(had) & set(access):
                raise CgroupError(
                    f"devices: the rule for {spelled(key)} takes away part of what the one for {spelled(known)} gives",
                    "name the devices one by one",
                )


def _number(rule: dict[str, Any], key: str) -> int:
    value = rule.get(key)
    return _ANY if value is None or value < 0 else int(value)


def _joined(access: str) -> str:
    return "".join(letter for letter in _ALL if letter in access)


def _covers(wide: tuple[str, int, int], narrow: tuple[str, int, int]) -> bool:
    return wide[0] == narrow[0] and all(a in (_ANY, b) for a, b in zip(wide[1:], narrow[1:]))


def spelled(key: tuple[str, int, int]) -> str:
    """As devices.list spells it: "c 136:*"."""
    kind, major, minor = key
    return f"{kind} {'*' if major == _ANY else major}:{'*' if minor == _ANY else minor}"


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    """v1's files. Where the rules allow what is allowed already, nothing is written."""
    given = resources.get("devices")
    if not given or version == 2:
        return []
    rules = Rules(given)
    if rules.allowed and not rules.exceptions and folder.find("devices.list") == "a *:* rwm":
        return []
    found = [("devices", "devices.allow" if rules.allowed else "devices.deny", "a")]
    file = "devices.deny" if rules.allowed else "devices.allow"
    found += [("devices", file, f"{spelled(key)} {access}") for key, access in rules.exceptions.items()]
    return found
