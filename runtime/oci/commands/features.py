"""`runtime-oci features`: what this program knows, which is not what this host can do (`runtime doctor` tells that)."""

from __future__ import annotations

import sys

from runtime.oci.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runtime.oci.settings import Settings

COMMAND = Command("features", "show what this program knows, as JSON", "", least=0, most=0)


def execute(settings: Settings, said: dict[str, Any], arguments: list[str]) -> int:
    from json import dumps

    sys.stdout.write(dumps(document(), indent=4) + "\n")
    return 0


def document() -> dict[str, Any]:
    """See features.md of the specification; made from the tables that the code goes by."""
    from backends.cgroups.systemd.annotations import PREFIX
    from backends.execution import options
    from backends.execution.hooks import KINDS as HOOKS
    from backends.execution.namespaces.kinds import KINDS as NAMESPACES
    from backends.execution.steps.mempolicy import FLAGS as MEMORY_FLAGS
    from backends.execution.steps.mempolicy import MODES
    from backends.security.capabilities import NUMBERS
    from backends.security.seccomp.abi import PROFILE_NAMES
    from backends.security.seccomp.actions import ACTIONS, FLAGS
    from backends.security.seccomp.conditions import OPERATORS
    from runtime.oci.version import SPECIFICATION, number

    mount_options = {*options.FLAGS, *options.PROPAGATION, *options.RECURSIVE, *options.IDMAP, options.TMPCOPYUP}
    return {
        "ociVersionMin": "1.0.0",
        "ociVersionMax": SPECIFICATION,
        "hooks": list(HOOKS),
        "mountOptions": sorted(mount_options),
        "linux": {
            "namespaces": sorted(NAMESPACES),
            "capabilities": list(NUMBERS),
            "cgroup": {"v1": True, "v2": True, "systemd": True, "systemdUser": False, "rdma": True},
            "seccomp": {
                "enabled": True,
                "actions": sorted(ACTIONS),
                "operators": list(OPERATORS),
                "archs": sorted(PROFILE_NAMES),
                "knownFlags": list(FLAGS),
                "supportedFlags": list(FLAGS),
            },
            "apparmor": {"enabled": True},
            "selinux": {"enabled": True},
            "intelRdt": {"enabled": True, "schemata": True, "monitoring": True},
            "mountExtensions": {"idmap": {"enabled": True}},
            "netDevices": {"enabled": True},
            "memoryPolicy": {"modes": list(MODES), "flags": list(MEMORY_FLAGS)},
        },
        "annotations": {"runtime-oci.version": number(), "runtime-oci.checkpoint.enabled": "false"},
        "potentiallyUnsafeConfigAnnotations": [PREFIX],
    }
