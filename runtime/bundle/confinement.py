"""What a container is kept from: --security-opt, capabilities, the seccomp profile, covered paths."""

from __future__ import annotations

from runtime.errors import InvalidInput, Unsupported
from runtime.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from probes.report import HostReport
    from runtime.bundle.surroundings import Surroundings
    from runtime.containers.request import Request

UNCONFINED = "unconfined"
_KINDS = ("no-new-privileges", "seccomp", "apparmor", "label", "systempaths", "writable-cgroups")


class SecurityOptions(Value):
    """`seccomp` and `apparmor`: empty for the default, "unconfined", or a file's or profile's name."""

    no_new_privileges: bool = False
    seccomp: str = ""
    apparmor: str = ""
    labels: tuple[str, ...] = ()
    system_paths: bool = True
    writable_cgroups: bool = False


def parse_security_options(options: Iterable[str]) -> SecurityOptions:
    """InvalidInput for an option that nobody knows: one that was spelled wrongly must not pass for protection."""
    said: dict[str, str] = {}
    labels = []
    for text in options:
        key, separator, value = text.partition("=")
        if not separator:
            key, separator, value = text.partition(":")  # docker's old spelling
        if key not in _KINDS:
            raise InvalidInput(f"--security-opt: unknown option {text!r}", f"the options are {', '.join(_KINDS)}")
        if key == "label":
            labels.append(value)
        else:
            said[key] = value
    paths = said.get("systempaths", "")
    if paths not in ("", UNCONFINED):
        raise InvalidInput(f"--security-opt systempaths={paths}", "it can only be unconfined")
    for key in ("seccomp", "apparmor"):
        if said.get(key) == "":
            raise InvalidInput(f"--security-opt {key} needs a value", f"write {key}=unconfined or {key}=PROFILE")
    return SecurityOptions(
        no_new_privileges=_truth("no-new-privileges", said),
        seccomp=said.get("seccomp", ""),
        apparmor=said.get("apparmor", ""),
        labels=tuple(labels),
        system_paths=not paths,
        writable_cgroups=_truth("writable-cgroups", said),
    )


def _truth(key: str, said: dict[str, str]) -> bool:
    if key not in said:
        return False
    value = said[key].lower()
    if value not in ("", "true", "1", "false", "0"):
        raise InvalidInput(f"--security-opt {key}={said[key]}", "it is true or false")
    return value not in ("false", "0")


def granted_capabilities(request: Request, surroundings: Surroundings) -> tuple[str, ...]:
    from backends.errors import BackendError
    from backends.security.capabilities import granted

    try:
        return granted(
            request.cap_add,
            request.cap_drop,
            request.privileged,
            newest=surroundings.newest_capability,
            available=_grantable(request, surroundings),
        )
    except BackendError as error:
        raise InvalidInput(f"--cap-add, --cap-drop: {error}", error.hint) from error


def _grantable(request: Request, surroundings: Surroundings) -> int | None:
    """What this program may pass on, less what the execution backend withholds. InvalidInput where that is named, and
    a promise would be broken."""
    if not surroundings.withheld:
        return surroundings.capabilities
    from backends.security.capabilities import ALL, NAMES, canonical, mask

    added = {canonical(name) for name in request.cap_add}
    named = sorted(added & set(surroundings.withheld))
    if surroundings.contained and (named or request.privileged):
        raise InvalidInput(
            f"{'--privileged' if request.privileged else '--cap-add ' + ', '.join(named)}: executed by chroot, the "
            "container could leave its root with that",
            "leave it out; or give up the promise: --prefer own-root",
        )
    available = mask(NAMES) if surroundings.capabilities is None else surroundings.capabilities
    return available if request.privileged or ALL in added else available & ~mask(set(surroundings.withheld) - added)


def seccomp_filter(
    request: Request,
    options: SecurityOptions,
    capabilities: tuple[str, ...],
    architecture: str,
    kernel: tuple[int, ...] | None = None,
) -> dict[str, Any] | None:
    """`linux.seccomp`, or None for a container that gave it up. `kernel` is the host's version, (6, 18)."""
    if options.seccomp == UNCONFINED or (request.privileged and not options.seccomp):
        return None
    if request.seccomp_profile is None:
        from backends.security.profile import default_profile

        return default_profile(architecture, capabilities, kernel)
    from backends.errors import BackendError
    from backends.security.docker_profile import resolve_profile

    try:
        return resolve_profile(request.seccomp_profile, architecture, capabilities, kernel)
    except BackendError as error:
        raise InvalidInput(f"--security-opt seccomp={options.seccomp}: {error}", error.hint) from error


def kernel_version(report: HostReport) -> tuple[int, ...] | None:
    """The kernel's numbers, or None where the report does not know them."""
    numbers = str(report.kernel.get("numbers") or "").split(".")
    return tuple(int(number) for number in numbers) if all(number.isdigit() for number in numbers) else None


def covered_paths(request: Request, options: SecurityOptions, cpus: int) -> dict[str, list[str]]:
    """`linux.maskedPaths` and `linux.readonlyPaths`."""
    if request.privileged or not options.system_paths:
        return {"maskedPaths": [], "readonlyPaths": []}
    from backends.security.masked import MASKED_CPU_PATH, MASKED_PATHS, READONLY_PATHS

    thermal = [MASKED_CPU_PATH.format(number=number) for number in range(cpus)]
    return {"maskedPaths": [*MASKED_PATHS, *thermal], "readonlyPaths": list(READONLY_PATHS)}


def check_labels(options: SecurityOptions, report: HostReport) -> None:
    """Unsupported for a profile or label that this host or this version cannot apply."""
    if options.apparmor and options.apparmor != UNCONFINED and not report.has("lsm.apparmor"):
        raise Unsupported(
            f"--security-opt apparmor={options.apparmor}: AppArmor is not active here", "leave the option out"
        )
    for label in options.labels:
        if label != "disable" and not report.has("lsm.selinux"):
            raise Unsupported(f"--security-opt label={label}: SELinux is not active here", "leave the option out")
        if label != "disable":
            raise Unsupported(f"--security-opt label={label}: this version does not set SELinux labels")
