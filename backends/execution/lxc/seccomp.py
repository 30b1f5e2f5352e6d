"""linux.seccomp as a policy file of lxc's, version 2 of its format (LXC 1.0; arguments since LXC 2.1). Pure.

lxc passes over calls that its libseccomp does not know. In a list of what is allowed that makes the filter narrower; a
list of what is forbidden would have a hole, and is refused.
"""

from __future__ import annotations

from backends.execution.configuration import integer, items, need, refuse, section, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.execution.lxc.dialect import Dialect
    from probes.report import HostReport

_WHERE = "linux.seccomp"
_ARGUMENTS = (2, 1)
_ALLOWLIST = (5, 0)  # the word; "whitelist" before
_EPERM = 1
_SIMPLE = {
    "SCMP_ACT_ALLOW": "allow",
    "SCMP_ACT_KILL": "kill",
    "SCMP_ACT_KILL_THREAD": "kill",
    "SCMP_ACT_TRAP": "trap",
}
_ARCHITECTURES = {
    "SCMP_ARCH_X86_64": "x86_64",
    "SCMP_ARCH_X86": "x86",
    "SCMP_ARCH_ARM": "arm",
    "SCMP_ARCH_AARCH64": "arm64",
    "SCMP_ARCH_PPC64LE": "ppc64le",
    "SCMP_ARCH_S390X": "s390x",
    "SCMP_ARCH_RISCV64": "riscv64",
}
_MASKED = "SCMP_CMP_MASKED_EQ"
_COMPARISONS = frozenset(f"SCMP_CMP_{name}" for name in ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"))


def policy(linux: dict[str, Any], report: HostReport, dialect: Dialect) -> str:
    """The file's text; empty where nothing is asked for."""
    profile = section(linux, "seccomp", _WHERE)
    if not profile:
        return ""
    need(report, "seccomp.filter", _WHERE, "a seccomp filter")
    dialect.word("lxc.seccomp.profile", _WHERE)
    for key in ("flags", "listenerPath"):
        if profile.get(key):
            raise refuse(f"{_WHERE}.{key}", "lxc's policies have no word for it", "execution by namespaces does it")
    default = _action(profile, "defaultAction", "defaultErrnoRet", f"{_WHERE}.defaultAction")
    if default == "allow":
        raise refuse(
            f"{_WHERE}.defaultAction",
            "lxc passes over calls that it does not know, so that a list of what is forbidden has holes",
            "list what is allowed, or have it executed by namespaces",
        )
    word = "allowlist" if dialect.version >= _ALLOWLIST else "whitelist"
    lines = ["2", f"{word} {default}", f"[{_scope(profile)}]"]
    for number, rule in enumerate(items(profile, "syscalls", f"{_WHERE}.syscalls", dict)):
        lines += _rule(rule, f"{_WHERE}.syscalls[{number}]", default, dialect)
    return "\n".join(lines) + "\n"


def _scope(profile: dict[str, Any]) -> str:
    """The first named is the machine's own; with more, the rules are for all that lxc knows to go with it."""
    names = items(profile, "architectures", f"{_WHERE}.architectures")
    if len(names) == 1:
        if names[0] not in _ARCHITECTURES:
            raise refuse(f"{_WHERE}.architectures", f"lxc does not know {names[0]}")
        return _ARCHITECTURES[names[0]]
    return "all"


def _action(entry: dict[str, Any], key: str, number: str, path: str) -> str:
    name = text(entry, key, path)
    if name == "SCMP_ACT_ERRNO":
        return f"errno {integer(entry, number, path, _EPERM)}"
    if name not in _SIMPLE:
        raise refuse(path, f"lxc's policies have no word for {name}", "execution by namespaces does it")
    return _SIMPLE[name]


def _rule(rule: dict[str, Any], path: str, default: str, dialect: Dialect) -> list[str]:
    action = _action(rule, "action", "errnoRet", f"{path}.action")
    conditions = items(rule, "args", f"{path}.args", dict)
    if action == default and not conditions:
        return []
    if conditions and dialect.version < _ARGUMENTS:
        raise refuse(f"{path}.args", f"LXC {dialect} does not look at a call's arguments: that is of LXC 2.1")
    said = "".join(f" {_condition(condition, path)}" for condition in conditions)
    return [f"{name} {action}{said}" for name in items(rule, "names", f"{path}.names")]


def _condition(condition: dict[str, Any], path: str) -> str:
    comparison = text(condition, "op", f"{path}.args.op")
    if comparison not in _COMPARISONS:
        raise refuse(f"{path}.args.op", f"there is no comparison {comparison!r}")
    index, value, second = (integer(condition, key, f"{path}.args.{key}") for key in ("index", "value", "valueTwo"))
    if comparison == _MASKED:  # config.json has the mask first, lxc last
        return f"[{index},{second},{comparison},{value}]"
    return f"[{index},{value},{comparison}]"
