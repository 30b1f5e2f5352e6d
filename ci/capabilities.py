"""Writes docs/capabilities.md from the catalogues: what the doctor asks, and which backends rest on each answer.

python3 ci/capabilities.py          writes it anew; tests/house holds that it is fresh
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = f"{ROOT}/docs/capabilities.md"

_HEAD = """\
# What the doctor asks

<!-- Written by ci/capabilities.py from probes/capability.py and backends/catalogue.py. -->

Every capability has one of four states. *present*: a trial showed its effect. *absent*: this kernel, machine or
system does not have it. *denied*: it is there, and something forbids it to us; the finding names who (an outer seccomp
filter, a security module, a sysctl, missing privileges). *unknown*: the question could not be put; that is never read
as yes or no.

A finding carries the evidence that it rests on, also evidence that contradicts it (a kernel configuration that claims
otherwise, say), and what to do about it on this distribution. `runtime doctor --verbose` shows all of it, `--json`
gives it to programs, `--record FILE` keeps every answer of this host, and `--host FILE` diagnoses a host from such a
file.

"Used by" names the backends that need a capability, and the guarantees that it stands for.
"""

_TITLES = {
    "namespace": "Namespaces",
    "process": "Processes",
    "mount": "Mounts",
    "seccomp": "System call filters",
    "lsm": "Security modules",
    "storage": "Storage, tried in the folder where images are kept",
    "cgroup": "Cgroups",
    "network": "Network",
    "emulation": "Emulation",
    "privilege": "Privileges",
    "lxc": "The lxc tools",
    "init": "The init system",
    "containment": "Where we are ourselves",
    "program": "Programs",
}


def users() -> dict[str, list[str]]:
    """Capability -> who rests on it."""
    from backends.catalogue import CATALOGUE

    found: dict[str, dict[str, None]] = {}
    for entry in CATALOGUE:
        for requirement in entry.requirements:
            for name in requirement.capabilities:
                found.setdefault(name, {})[f"{entry.family}/{entry.name}"] = None
        for promise in entry.promises:
            for requirement in promise.requirements:
                for name in requirement.capabilities:
                    found.setdefault(name, {})[promise.guarantee] = None
    return {name: list(who) for name, who in found.items()}


def page() -> str:
    from probes.capability import CATALOGUE

    rests = users()
    lines = [_HEAD]
    section = ""
    for name, capability in CATALOGUE.items():
        prefix = name.partition(".")[0]
        if prefix != section:
            section = prefix
            lines.append(
                f"\n## {_TITLES[prefix]}\n\n| capability | what it is | what it is for | used by |\n|---|---|---|---|\n"
            )
        who = ", ".join(rests.get(name, ()))
        lines.append(f"| `{name}` | {capability.title} | {capability.matters} | {who} |\n")
    return "".join(lines)


def main() -> None:
    sys.path.insert(0, ROOT)
    with open(PAGE, "w") as file:
        file.write(page())


if __name__ == "__main__":
    main()
