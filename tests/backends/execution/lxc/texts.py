"""Configurations as lxc is told them, for several of its versions; run as a program it writes them anew, to be read as
a diff. Containers ran on LXC 5.0.2; the words of older versions are from their manuals."""

from __future__ import annotations

import os
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
if __name__ == "__main__":
    sys.path.insert(0, os.path.abspath(os.path.join(HERE, "..", "..", "..", "..")))

from backends.execution.lxc.configuration import Configuration, configuration  # noqa: E402
from backends.execution.lxc.dialect import dialect  # noqa: E402
from tests.backends.execution import bundles  # noqa: E402
from tests.hosts import expected  # noqa: E402

FOLDER = "/run/runtime/containers/box/lxc"
ROOTFS = "/run/runtime/containers/box/rootfs"
PROFILE: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [
        {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
    ],
}
COMPARED: list[dict[str, Any]] = [
    {
        "names": ["clone"],
        "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
    },
    {
        "names": ["personality"],
        "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}],
    },
]


def plain() -> dict[str, Any]:
    """What an LXC of before 2.1 has words for."""
    return bundles.make_bundle(
        process__noNewPrivileges=False,
        process__args=["sleep", "1000"],
        linux__seccomp=PROFILE,
        linux__cgroupsPath="/runtime/box",
        linux__resources={
            "memory": {"limit": 67108864},
            "pids": {"limit": 50},
            "devices": [{"allow": False, "access": "rwm"}],
        },
    )


def rich() -> dict[str, Any]:
    """All that has a word of its own."""
    bundle = plain()
    bundle["root"]["readonly"] = True
    bundle["process"].update(
        user={"uid": 1000, "gid": 1000, "additionalGids": [4, 24]},
        cwd="/srv/some place",
        env=["PATH=/usr/bin", "WORDS=two words"],
        rlimits=[{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 1 << 63}],
        oomScoreAdj=100,
        noNewPrivileges=True,
        capabilities={"bounding": bundles.CAPABILITIES},
    )
    bundle["mounts"] = [
        *bundle["mounts"],
        {"destination": "/w", "type": "bind", "source": "/srv/two words", "options": ["rbind", "ro", "rprivate"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid"]},
    ]
    bundle["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
    bundle["linux"]["resources"]["cpu"] = {"quota": 50000, "period": 100000, "shares": 512}
    bundle["linux"]["seccomp"] = {**PROFILE, "syscalls": [*PROFILE["syscalls"], *COMPARED]}
    return bundle


def old() -> dict[str, Any]:
    """For a kernel of that time: no cgroup namespace, nobody counts processes."""
    bundle = plain()
    bundle["linux"]["namespaces"] = bundles.namespaces("mount", "pid", "uts", "ipc", "network")
    bundle["linux"]["resources"].pop("pids")
    return bundle


def joining() -> dict[str, Any]:
    """Shares some of the host's namespaces, joins another's network, and has a terminal."""
    bundle = plain()
    bundle["linux"]["namespaces"] = bundles.namespaces("mount", "uts", network="/proc/17/ns/net")
    bundle["process"]["terminal"] = True
    return bundle


CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "5.0.2-hybrid": ("5.0.2", "vm-root", rich()),
    "5.0.2-v2": ("5.0.2", "ubuntu-22.04", rich()),
    "5.0.2-joining": ("5.0.2", "ubuntu-22.04", joining()),
    "5.0.2-users": ("5.0.2", "ubuntu-22.04", bundles.with_user_namespace(plain())),
    "4.0.6-hybrid": ("4.0.6", "vm-root", plain()),
    "2.0.7-v1": ("2.0.7", "debian-9", plain()),
    "1.0.6-v1": ("1.0.6", "ubuntu-14.04", old()),
}


def made(version: str, host: str, bundle: dict[str, Any]) -> Configuration:
    return configuration(bundle, ROOTFS, expected.report(host), dialect(version), "box", FOLDER)


def text(case: str) -> str:
    found = made(*CASES[case])
    told = found.document.text(lambda path: not path.startswith("/dev/"))
    steps = "".join(f"# {step.describe()}\n" for step in found.steps)
    return f"{told}\n# arguments: {' '.join(found.arguments)}\n{steps}\n{found.policy}"


def path(case: str) -> str:
    return os.path.join(HERE, "expected", f"{case}.conf")


def main() -> None:
    for case in CASES:
        with open(path(case), "w", encoding="utf-8") as stream:
            stream.write(text(case))


if __name__ == "__main__":
    main()
