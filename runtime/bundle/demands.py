"""What a request demands of the backends: docker's promises, less what the user gave up by name."""

from __future__ import annotations

from backends.guarantees import ASKED_BY, DEFAULT_DEMANDS, GIVEN_UP_BY, GUARANTEES, Demands
from runtime.bundle.confinement import UNCONFINED, parse_security_options
from runtime.bundle.namespaces import HOST, JOINED, mode
from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from runtime.containers.request import Request

# --cpus and the like need a guarantee each: refused by selection, with the blocker, before anything is made.
_LIMITS = {
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


def demands_for(request: Request, forced: dict[str, str] | None = None) -> Demands:
    """`forced` are the backends that the user's settings insist on; the request's own go first. InvalidInput for a
    guarantee that nobody knows."""
    flags = _flags(request)
    asked = frozenset[str]().union(*(ASKED_BY[flag] for flag in flags if flag in ASKED_BY))
    given_up = frozenset[str]().union(*(GIVEN_UP_BY[flag] for flag in flags if flag in GIVEN_UP_BY))
    require = _known(request.require, "--require")
    prefer = _known(request.prefer, "--prefer")
    forbid = _known(request.forbid, "--forbid")
    for name in sorted(require & given_up):
        raise InvalidInput(f"--require {name} and the flag that gives it up contradict each other")
    return Demands(
        require=((DEFAULT_DEMANDS.require | _limits(request)) - given_up | asked | require) - prefer - forbid,
        prefer=(DEFAULT_DEMANDS.prefer | prefer) - require - given_up - forbid,
        forbid=forbid,
        forced={**(forced or {}), **request.backends},
    )


def _known(names: Iterable[str], flag: str) -> frozenset[str]:
    for name in names:
        if name not in GUARANTEES:
            raise InvalidInput(f"{flag}: no guarantee is called {name!r}", f"they are {', '.join(GUARANTEES)}")
    return frozenset(names)


def _limits(request: Request) -> frozenset[str]:
    resources = request.resources
    return frozenset(
        guarantee
        for guarantee, names in _LIMITS.items()
        if any(getattr(resources, name) not in (None, "", (), 0, -1) for name in names)
    )


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
