"""The mounts of a bundle: what every container has, and what its request adds."""

from __future__ import annotations

from runtime.bundle.mounts import PROPAGATIONS
from runtime.bundle.namespaces import HOST, OWN
from runtime.containers.request import Mount
from runtime.errors import InvalidInput, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from probes.report import HostReport
    from runtime.bundle.namespaces import Namespaces
    from runtime.bundle.surroundings import Surroundings
    from runtime.containers.request import Request

SHARED_MEMORY = 64 << 20  # bytes, docker's default
_GENERATED = (("resolv.conf", "/etc/resolv.conf"), ("hostname", "/etc/hostname"), ("hosts", "/etc/hosts"))

# A later word takes the earlier one's place.
_OPPOSITES = {"exec": "noexec", "suid": "nosuid", "dev": "nodev"}


def wanted_mounts(request: Request, image: dict[str, Any]) -> tuple[Mount, ...]:
    """The request's mounts, and an anonymous volume for each folder that the image declares and no mount covers.
    InvalidInput when two have one target."""
    chosen: dict[str, Mount] = {}
    for mount in request.mounts:
        if mount.target in chosen:
            raise InvalidInput(f"two mounts have the target {mount.target}", "leave out one of them")
        chosen[mount.target] = mount
    for target in image.get("Volumes") or {}:
        clean = "/" + target.strip("/")
        if clean != "/" and clean not in chosen:
            chosen[clean] = Mount("volume", "", clean)
    return tuple(chosen.values())


def bundle_mounts(
    request: Request, mounts: Iterable[Mount], surroundings: Surroundings, own: Namespaces, report: HostReport
) -> list[dict[str, Any]]:
    """`mounts`, outer folders first. What the request mounts at a target replaces the default there."""
    chosen = {mount["destination"]: mount for mount in _defaults(request, surroundings, own, report)}
    for mount in mounts:
        chosen.pop(mount.target, None)
        chosen[mount.target] = _wanted(mount, surroundings, report)
    # Stable: /dev stays before /dev/pts, and among equals the order said.
    return sorted(chosen.values(), key=lambda mount: mount["destination"].count("/"))


def _defaults(
    request: Request, surroundings: Surroundings, own: Namespaces, report: HostReport
) -> list[dict[str, Any]]:
    writable = ["rw"] if request.privileged else ["ro"]
    pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
    groups = sum(ids.size for ids in surroundings.gid_map) if surroundings.gid_map else surroundings.groups
    if groups > 5:
        pts.append("gid=5")
    nested = own.user == OWN or report.has("privilege.unreal")
    # A proc, or a sysfs, may be mounted only by whom its PID, or network, namespace belongs to.
    proc = ("bind", "/proc", "rbind") if nested and own.pid == HOST else ("proc", "proc")
    mounts = [
        _mount("/proc", *proc, "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "devpts", *pts),
    ]
    if nested and own.network == HOST:
        mounts.append(_mount("/sys", "bind", "/sys", "rbind", "nosuid", "noexec", "nodev", *writable))
    else:
        mounts.append(_mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", *writable))
    if report.has("cgroup.v1") or report.has("cgroup.v2"):
        mounts.append(_mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", *writable))
    mounts.extend(_shared_memory(request, surroundings, own, report))
    if surroundings.folder:
        mounts.extend(
            _mount(target, "bind", f"{surroundings.folder}/{name}", "rbind", "rprivate", *_read_only(request))
            for name, target in _GENERATED
        )
    return mounts


def _read_only(request: Request) -> tuple[str, ...]:
    return ("ro",) if request.read_only else ()


def _shared_memory(
    request: Request, surroundings: Surroundings, own: Namespaces, report: HostReport
) -> list[dict[str, Any]]:
    mounts = []
    # It shows the queues of the IPC namespace that the mounter is in, and only who owns that may mount it.
    if report.has("mount.mqueue") and not (own.ipc == HOST and report.has("privilege.unreal")):
        mounts.append(_mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"))
    if own.ipc == HOST:
        return [*mounts, _mount("/dev/shm", "bind", "/dev/shm", "rbind", "rprivate", "nosuid", "noexec", "nodev")]
    if surroundings.shm:
        mounts.append(_mount("/dev/shm", "bind", surroundings.shm, "rbind", "rprivate", "nosuid", "noexec", "nodev"))
    elif request.ipc != "none":
        size = request.shm_size or SHARED_MEMORY
        mounts.append(_mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", f"size={size}"))
    return mounts


def _mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def _wanted(mount: Mount, surroundings: Surroundings, report: HostReport) -> dict[str, Any]:
    if mount.type == "tmpfs":
        return _mount(mount.target, "tmpfs", "tmpfs", *_tmpfs(mount))
    source = mount.source if mount.type == "bind" else surroundings.volumes[mount.target]
    return _mount(mount.target, "bind", source, *_bind(mount, report))


def _tmpfs(mount: Mount) -> list[str]:
    allowed = {_OPPOSITES[word] for word in mount.options if word in _OPPOSITES}
    options = [word for word in ("noexec", "nosuid", "nodev") if word not in allowed]
    options.extend(word for word in mount.options if word not in options and word not in _OPPOSITES)
    if not any(word in PROPAGATIONS for word in options):
        options.append("rprivate")
    return options + (["ro"] if mount.read_only else [])


def _bind(mount: Mount, report: HostReport) -> list[str]:
    if {"z", "Z"} & set(mount.options) and report.has("lsm.selinux"):
        raise Unsupported(
            f"the mount of {mount.source} asks for an SELinux label (z or Z), which this version cannot give",
            "label it with chcon -t container_file_t, and leave z out",
        )
    kind = "bind" if "bind" in mount.options else "rbind"
    propagation = next((word for word in mount.options if word in PROPAGATIONS), "rprivate")
    options = [kind, propagation]
    if not mount.read_only:
        return options
    if kind == "bind" or "ro-top" in mount.options:
        return [*options, "ro"]
    if report.has("mount.setattr"):
        return [*options, "ro", "rro"]
    if "rro" in mount.options:
        raise Unsupported(
            f"the mount of {mount.source} is to be read-only with all below it, which needs mount_setattr(2)",
            "Linux 5.12 has it; or give bind-recursive=writable",
        )
    return [*options, "ro"]
