"""Request, image config and host report make a bundle's config.json. Pure: everything else comes in `Surroundings`."""

from __future__ import annotations

from runtime.bundle import confinement, devices, filesystems, identity, limits, program, sysctls, ulimits
from runtime.bundle.namespaces import HOST, OWN, Namespaces, bundle_namespaces, namespaces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from probes.report import HostReport
    from runtime.bundle.confinement import SecurityOptions
    from runtime.bundle.devices import Node
    from runtime.bundle.surroundings import IdRange, Surroundings
    from runtime.containers.request import Request

VERSION = "1.2.0"

_OWN_FOLDERS = ("/dev/pts/", "/dev/shm/", "/dev/mqueue/")
_OWN_DEVICES = frozenset(
    f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx")
)


def compile_bundle(
    request: Request, image: dict[str, Any], report: HostReport, surroundings: Surroundings
) -> dict[str, Any]:
    """An OCI config.json (runtime-spec 1.2). `image` is the image's config, whole ("config" below it) or empty.

    InvalidInput for what contradicts itself, Unsupported for what this host or version cannot do: nothing that was
    asked for is dropped.
    """
    settings: dict[str, Any] = image.get("config") or {}
    options = confinement.parse_security_options(request.security_options)
    confinement.check_labels(options, report)
    own = namespaces(request, surroundings, report)
    hostname = container_hostname(request, surroundings)
    bundle: dict[str, Any] = {
        "ociVersion": VERSION,
        "process": _process(request, settings, options, surroundings, hostname),
        "root": {"path": surroundings.rootfs, "readonly": request.read_only},
        "mounts": filesystems.bundle_mounts(
            request, filesystems.wanted_mounts(request, settings), surroundings, own, report
        ),
        "linux": _linux(request, options, surroundings, own, report),
    }
    if own.uts == OWN:
        bundle["hostname"] = hostname
        if request.domainname:
            bundle["domainname"] = request.domainname
    if request.annotations:
        bundle["annotations"] = dict(request.annotations)
    return bundle


def container_hostname(request: Request, surroundings: Surroundings) -> str:
    """The name that the container goes by: said, the host's where it shares that, or its own short identifier."""
    if request.hostname:
        return request.hostname
    if "host" in (request.uts, request.network) and surroundings.hostname:
        return surroundings.hostname
    return surroundings.identifier[:12]


def _process(
    request: Request,
    settings: dict[str, Any],
    options: SecurityOptions,
    surroundings: Surroundings,
    hostname: str,
) -> dict[str, Any]:
    user = request.user or settings.get("User") or ""
    who = identity.resolve(user, request.groups, surroundings.passwd, surroundings.group)
    process: dict[str, Any] = {
        "terminal": request.tty,
        "user": identity.bundle_user(who),
        "args": program.arguments(request, settings),
        "env": program.environment(request, settings, hostname, who.home),
        "cwd": program.working_folder(request, settings),
        "capabilities": _capabilities(confinement.granted_capabilities(request, surroundings), who.uid),
        "noNewPrivileges": options.no_new_privileges,
    }
    if request.tty and len(request.console_size) == 2:
        process["consoleSize"] = {"height": request.console_size[0], "width": request.console_size[1]}
    if request.ulimits:
        process["rlimits"] = ulimits.rlimits(request.ulimits)
    if request.oom_score_adjustment is not None:
        process["oomScoreAdj"] = limits.within("--oom-score-adj", request.oom_score_adjustment, -1000, 1000)
    if options.apparmor and options.apparmor != confinement.UNCONFINED:
        process["apparmorProfile"] = options.apparmor
    return process


def _capabilities(granted: tuple[str, ...], uid: int) -> dict[str, list[str]]:
    from backends.security.capabilities import oci

    return oci(granted, uid)


def _linux(
    request: Request, options: SecurityOptions, surroundings: Surroundings, own: Namespaces, report: HostReport
) -> dict[str, Any]:
    nodes = surroundings.nodes
    granted = devices.expand(request.devices, nodes)
    if request.privileged and not surroundings.rootless:
        granted = _every(nodes, granted)
    resources = limits.limits(request.resources, surroundings.cpus, report.has("cgroup.swap"), nodes)
    if surroundings.device_rules:
        resources["devices"] = (
            [{"allow": True, "access": "rwm"}]
            if request.privileged
            else devices.device_rules(granted, request.device_cgroup_rules)
        )
    linux: dict[str, Any] = {
        "namespaces": bundle_namespaces(own, surroundings),
        "cgroupsPath": surroundings.cgroup or f"/runtime/{surroundings.identifier}",
        "resources": resources,
        "sysctl": _sysctls(request, surroundings, own),
        **confinement.covered_paths(request, options, surroundings.cpus),
    }
    if granted:
        linux["devices"] = devices.device_nodes(granted)
    if own.user == OWN:
        linux["uidMappings"] = mappings(surroundings.uid_map)
        linux["gidMappings"] = mappings(surroundings.gid_map)
    capabilities = confinement.granted_capabilities(request, surroundings)
    seccomp = confinement.seccomp_filter(
        request, options, capabilities, surroundings.architecture, confinement.kernel_version(report)
    )
    if seccomp is not None:
        linux["seccomp"] = seccomp
    propagation = _root_propagation({word for mount in request.mounts for word in mount.options})
    if propagation:
        linux["rootfsPropagation"] = propagation
    return linux


def _every(nodes: dict[str, Node], granted: list[tuple[str, str, Node]]) -> list[tuple[str, str, Node]]:
    """All the host's devices but those that every container has for itself."""
    taken = {target for target, _, _ in granted} | _OWN_DEVICES
    more = [
        (path, "rwm", node)
        for path, node in sorted(nodes.items())
        if path.startswith("/dev/") and path not in taken and not path.startswith(_OWN_FOLDERS)
    ]
    return granted + more


def _sysctls(request: Request, surroundings: Surroundings, own: Namespaces) -> dict[str, str]:
    defaults: dict[str, str] = {}
    if own.network == OWN and own.user == HOST:
        defaults = {name: sysctls.UNPRIVILEGED_NETWORK[name] for name in surroundings.sysctls}
        if sysctls.PING in defaults:  # EINVAL for groups that the user namespace has not
            defaults[sysctls.PING] = f"0 {surroundings.groups - 1}"
    return {**defaults, **sysctls.check_sysctls(request.sysctls, own.own())}


def mappings(ranges: Iterable[IdRange]) -> list[dict[str, int]]:
    """As linux.uidMappings has them."""
    return [{"containerID": ids.inside, "hostID": ids.outside, "size": ids.size} for ids in ranges]


def _root_propagation(words: set[str]) -> str:
    """A shared or slave bind mount needs a root that lets the host's mounts through."""
    if words & {"shared", "rshared"}:
        return "rshared"
    if words & {"slave", "rslave"}:
        return "rslave"
    return ""
