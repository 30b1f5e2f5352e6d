"""config.json as proot(1)'s command line, and what of it that way cannot do. Pure. On the launch path."""

from __future__ import annotations

from backends.execution.configuration import check, items, refuse, section, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RELEASE = "runtime.kernel-release"  # an annotation: the kernel's release that programs are told (-k)

# What the kernel shows of itself is the host's, whatever it is mounted as.
_HOSTS = {"proc": "/proc", "sysfs": "/sys", "devpts": "/dev/pts", "mqueue": "/dev/mqueue", "cgroup": "/sys/fs/cgroup",
          "cgroup2": "/sys/fs/cgroup"}  # fmt: skip
_WITHIN = ("/proc/", "/sys/", "/dev/")

# (path, what it is): silence about them would be a weaker container
_REFUSED = (
    (("linux", "namespaces"), "there are no namespaces in it"),
    (("linux", "sysctl"), "they would be the host's"),
    (("linux", "seccomp"), "proot itself needs calls that a filter refuses"),
    (("linux", "maskedPaths"), "nothing can be mounted over them"),
    (("linux", "readonlyPaths"), "nothing can be mounted over them"),
    (("linux", "devices"), "no device nodes can be made; the host's are seen"),
    (("linux", "uidMappings"), "there is no user namespace"),
    (("linux", "rootfsPropagation"), "there are no mounts"),
    (("root", "readonly"), "the root cannot be made read-only"),
    (("process", "apparmorProfile"), "it cannot be applied"),
    (("process", "selinuxLabel"), "it cannot be applied"),
    (("process", "oomScoreAdj"), "it cannot be applied"),
    (("hostname",), "it would be the host's"),
    (("domainname",), "it would be the host's"),
    (("hooks",), "no hooks are called"),
)


def refused(bundle: dict[str, Any]) -> None:
    """UnsupportedConfiguration, naming the JSON path."""
    check(bundle)
    for path, why in _REFUSED:
        value: Any = bundle
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value:
            raise refuse(".".join(path), f"execution by proot: {why}", "give the promise up by name, or leave it out")


def binds(bundle: dict[str, Any]) -> list[tuple[str, str]]:
    """(source, where it is seen) of config.json's mounts, outer folders first."""
    found: dict[str, str] = {}
    for number, mount in enumerate(items(bundle, "mounts", "mounts", dict)):
        path = f"mounts[{number}]"
        place, kind = text(mount, "destination", f"{path}.destination"), text(mount, "type", f"{path}.type")
        source, options = text(mount, "source", f"{path}.source"), items(mount, "options", f"{path}.options")
        if kind in _HOSTS:
            if place == _HOSTS[kind] and not place.startswith(_WITHIN):
                found[place] = place
            elif place != _HOSTS[kind]:
                raise refuse(path, f"execution by proot: {kind} can be seen at {_HOSTS[kind]} only")
        elif kind == "tmpfs" and place == "/dev":
            found[place] = place
        elif kind == "tmpfs" and place == "/dev/shm":
            continue  # the host's, seen with its /dev
        elif kind not in ("bind", "none", ""):
            raise refuse(path, f"execution by proot: no {kind} can be mounted", "bind a folder, or leave it out")
        elif source == place in ("/proc", "/sys"):  # the host's rights of this user hold there, and no others
            found[place] = place
        elif source == place and place.startswith(_WITHIN):
            continue
        else:
            found[place] = _source(path, source, place, options)
    return sorted(((source, place) for place, source in found.items()), key=lambda pair: pair[1].count("/"))


def _source(path: str, source: str, place: str, options: list[str]) -> str:
    if "ro" in options or "rro" in options:
        raise refuse(f"{path}.options", "execution by proot: nothing can be made read-only", "leave out ro")
    if ":" in source + place or place.endswith("!"):
        raise refuse(path, "execution by proot: a path with a colon cannot be told to it")
    return source


def placing(bundle: dict[str, Any], rootfs: str) -> list[str]:
    """Where it is: the same for all that runs in a container."""
    words = ["-v", "-1", "-r", rootfs]
    for source, place in binds(bundle):
        words += ["-b", f"{source}:{place}"]
    release = section(bundle, "annotations", "annotations").get(RELEASE)
    return words + (["-k", str(release)] if release else [])


def identity(process: dict[str, Any]) -> list[str]:
    """Who it seems to be, and where it begins. Other groups than the first have no seeming."""
    user = section(process, "user", "process.user")
    uid, gid = int(user.get("uid") or 0), int(user.get("gid") or 0)
    who = ["-0"] if uid == gid == 0 else ["-i", f"{uid}:{gid}"]
    return [*who, "-w", text(process, "cwd", "process.cwd") or "/"]
