"""What a request demands of the backends: docker's promises, less what the user gave up by name, and what else is
wished for. See `runtime.bundle.policy` for who may say what."""

from __future__ import annotations

from backends.guarantees import ASKED_BY, FORBID, GIVEN_UP_BY, PREFER, REQUIRE, Demands
from runtime.bundle.confinement import UNCONFINED, parse_security_options
from runtime.bundle.namespaces import HOST, JOINED, mode
from runtime.bundle.policy import Policy, Sources, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime.configuration import Configuration
    from runtime.containers.request import Request

# --cpus and the like need a guarantee each: refused by selection, with the blocker, before anything is made.
LIMITS = {
    "memory-limit": ("memory", "memory_reservation"),
    "swap-limit": ("memory_swap",),
    "cpu-limit": ("nano_cpus", "cpu_quota", "cpu_period"),
    "cpu-share": ("cpu_shares",),
    "cpuset": ("cpuset_cpus", "cpuset_mems"),
    "pids-limit": ("pids_limit",),
    "io-limit": (
        "blkio_weight", "blkio_weight_device", "device_read_bps", "device_write_bps", "device_read_iops",
        "device_write_iops",
    ),
}  # fmt: skip

# Who cannot make device nodes needs no rules for them.
_UNNEEDED = "--cap-drop MKNOD"

# The flags by which people say those, where they are not called like the field.
_SPELLED = {"nano_cpus": "--cpus"}


def demands_for(request: Request, forced: dict[str, str] | None = None) -> Demands:
    """Of a request alone, without a settings file and an image's labels."""
    return policy_for(request, forced).demands


def policy_for(
    request: Request,
    forced: dict[str, str] | None = None,
    configuration: Configuration | None = None,
    labels: Mapping[str, str] | None = None,
) -> Policy:
    """`forced` are the backends that the user's settings insist on; the request's own go first. InvalidInput for a
    guarantee that nobody knows, and for wishes that contradict each other."""
    flags = _flags(request)
    asked = {name: flag for flag in flags if flag in ASKED_BY for name in ASKED_BY[flag]}
    asked.update(_limits(request))
    given_up = {name: flag for flag in flags if flag in GIVEN_UP_BY for name in GIVEN_UP_BY[flag]}
    unneeded = {name: given_up.pop(name) for name, flag in list(given_up.items()) if flag == _UNNEEDED}
    sources = Sources(
        {REQUIRE: request.require, PREFER: request.prefer, FORBID: request.forbid},
        asked,
        given_up,
        configuration.isolation if configuration else None,
        configuration.path if configuration else "",
        labels,
        unneeded,
    )
    return resolve(sources, {**(forced or {}), **request.backends})


def _limits(request: Request) -> dict[str, str]:
    """The guarantee that each limit needs, with the flag that sets it."""
    resources = request.resources
    return {
        guarantee: _SPELLED.get(name, "--" + name.replace("_", "-"))
        for guarantee, names in LIMITS.items()
        for name in reversed(names)
        if getattr(resources, name) not in (None, "", (), 0, -1)
    }


def _flags(request: Request) -> list[str]:
    """The flags of a request, in the spelling of `backends.guarantees`."""
    options = parse_security_options(request.security_options)
    said = {
        "--privileged": request.privileged,
        "--read-only": request.read_only,
        "--security-opt seccomp=unconfined": options.seccomp == UNCONFINED,
        "--security-opt systempaths=unconfined": not options.system_paths,
        "--security-opt no-new-privileges": options.no_new_privileges,
        "--cap-drop MKNOD": not _keeps_mknod(request),
        "--userns": bool(request.userns) and request.userns != "host",
        "--cgroupns private": request.cgroupns == "private",
    }
    for flag in ("network", "pid", "ipc", "uts", "userns", "cgroupns"):
        said[f"--{flag} host"] = mode(flag, getattr(request, flag)) == HOST
    # Another container's network is not the container's own either, whoever set it up.
    said["--network host"] |= mode("network", request.network) == JOINED
    return [flag for flag, given in said.items() if given]


def _keeps_mknod(request: Request) -> bool:
    added = {name.upper().replace("CAP_", "", 1) for name in request.cap_add}
    dropped = {name.upper().replace("CAP_", "", 1) for name in request.cap_drop}
    return "MKNOD" in added or ("MKNOD" not in dropped and ("ALL" in added or "ALL" not in dropped))
