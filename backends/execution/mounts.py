"""The steps that config.json's `mounts`, `linux.devices` and covered paths ask for. Pure. On the launch path."""

from __future__ import annotations

from arch import constants as c
from backends.execution import options as mount_options
from backends.execution.configuration import integer, items, mappings, need, refuse, section, text
from backends.execution.steps.cover import MaskPaths, ProtectPaths
from backends.execution.steps.device import DEFAULT, KINDS, Device, LinkDevices, MakeDevices
from backends.execution.steps.mount import Bind, MountFilesystem, OpenSources, SealMount
from backends.execution.steps.step import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from probes.report import HostReport

_DEV = "/dev"
_UNLABELLED = ("proc", "sysfs", "mqueue")  # the kernel has one instance, with labels of its policy's


class Mounts:
    """`config.mounts` read. `steps` in the bundle's order; `seals` for after the devices are made; `trees` for while
    the host's file systems can still be reached. `propagation`: what the host's mounts become for the container."""

    def __init__(
        self,
        bundle: dict[str, Any],
        report: HostReport,
        cgroup_namespace: bool,
        user_namespace: bool = False,
        propagation: int = c.MS_SLAVE,
    ) -> None:
        self.steps: list[Step] = []
        self.seals: list[Step] = []
        self.trees: list[Step] = []
        self.sources: list[str] = []
        self.own_dev = True
        self._report = report
        self._cgroup_namespace = cgroup_namespace
        self._user_namespace = user_namespace
        self._propagation = propagation & (c.MS_SLAVE | c.MS_PRIVATE)
        self._label = _mount_label(section(bundle, "linux", "linux"), report)
        for number, mount in enumerate(items(bundle, "mounts", "mounts", dict)):
            self._add(mount, f"mounts[{number}]")

    def _add(self, mount: dict[str, Any], path: str) -> None:
        destination = _destination(mount, path)
        options = mount_options.parse(items(mount, "options", f"{path}.options"))
        if mount.get("uidMappings") or mount.get("gidMappings"):
            options.mapped = True
        if options.recursive != (0, 0):
            need(self._report, "mount.setattr", f"{path}.options", "a recursive option such as rro")
        kind = text(mount, "type", f"{path}.type")
        if options.bind or kind == "bind":
            self._bind(mount, destination, options, path)
        elif options.mapped:
            raise refuse(path, "only bind mounts can be idmapped")
        elif kind in ("cgroup", "cgroup2"):
            from backends.execution.steps.hierarchy import MountCgroups

            self.steps.append(MountCgroups(destination, options, self._cgroup_namespace))
        elif kind:
            self._filesystem(kind, mount, destination, options, path)
        else:
            raise refuse(f"{path}.type", "neither a type nor the option bind is given")

    def _bind(self, mount: dict[str, Any], destination: str, options: mount_options.Options, path: str) -> None:
        source = text(mount, "source", f"{path}.source")
        if not source.startswith("/"):
            raise refuse(f"{path}.source", f"{source!r} is not an absolute path")
        if options.copy_up:
            raise refuse(f"{path}.options", "tmpcopyup is for tmpfs")
        if options.data:
            raise refuse(f"{path}.options", f"a bind mount does not know {options.data!r}")
        options.flags |= c.MS_BIND
        if destination == _DEV:
            self.own_dev = False
        if options.mapped:
            self._mapped(mount, source, destination, options, path)
            return
        self.sources.append(source)
        self.steps.append(Bind(source, destination, options))

    def _mapped(
        self, mount: dict[str, Any], source: str, destination: str, options: mount_options.Options, path: str
    ) -> None:
        """runtime-spec, `mounts`: its own mapping, else that of the container's user namespace, else an error."""
        need(self._report, "mount.idmap", path, "an idmapped mount")
        from backends.execution.steps.idmap import BindMapped, OpenMapped
        from backends.storage.shift import Owners

        uids, gids = mount.get("uidMappings"), mount.get("gidMappings")
        if bool(uids) != bool(gids):
            raise refuse(path, "uidMappings and gidMappings go together")
        if not uids and not self._user_namespace:
            raise refuse(
                path, "idmapped without uidMappings and gidMappings, where the container has no user namespace"
            )
        owners = None
        if uids:
            owners = Owners(mappings(mount, "uidMappings", path), mappings(mount, "gidMappings", path))
        number = len(self.trees)
        self.trees.append(OpenMapped(number, source, options, owners, self._propagation))
        self.steps.append(BindMapped(number, source, destination, options))

    def _filesystem(
        self, kind: str, mount: dict[str, Any], destination: str, options: mount_options.Options, path: str
    ) -> None:
        if options.copy_up and kind != "tmpfs":
            raise refuse(f"{path}.options", "tmpcopyup is for tmpfs")
        if f"mount.{kind}" in ("mount.proc", "mount.sysfs", "mount.tmpfs", "mount.devpts", "mount.mqueue"):
            need(self._report, f"mount.{kind}", f"{path}.type", kind)
        if self._label and kind not in _UNLABELLED:
            options.data = f'{options.data},context="{self._label}"'.lstrip(",")
        source = text(mount, "source", f"{path}.source") or kind
        self.steps.append(MountFilesystem(kind, source, destination, options))
        if kind == "tmpfs" and options.flags & c.MS_RDONLY:
            self.seals.append(SealMount(destination, options.flags))

    def openings(self) -> list[Step]:
        return [OpenSources(sorted(set(self.sources)))] if self.sources else []


def _mount_label(linux: dict[str, Any], report: HostReport) -> str:
    label = text(linux, "mountLabel", "linux.mountLabel")
    if not label:
        return ""
    if '"' in label:
        raise refuse("linux.mountLabel", f"{label!r} has a quotation mark in it")
    need(report, "lsm.selinux", "linux.mountLabel", "an SELinux context for mounts")
    return label


def _destination(mount: dict[str, Any], path: str) -> str:
    destination = text(mount, "destination", f"{path}.destination")
    parts = [part for part in destination.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise refuse(f"{path}.destination", f"{destination!r} has a .. in it")
    if not parts:
        raise refuse(f"{path}.destination", "a mount may not cover the container's root")
    return "/" + "/".join(parts)


def devices(linux: dict[str, Any], own_dev: bool, user_namespace: bool) -> list[Step]:
    """The default nodes, those of linux.devices in their place or besides, and the links; none in a /dev of others'."""
    wanted = {device.path: device for device in DEFAULT} if own_dev else {}
    for number, entry in enumerate(items(linux, "devices", "linux.devices", dict)):
        device = _device(entry, f"linux.devices[{number}]")
        if own_dev or not device.path.startswith(_DEV + "/"):
            wanted[device.path] = device
    steps: list[Step] = [MakeDevices(list(wanted.values()), user_namespace)] if wanted else []
    return [*steps, LinkDevices()] if own_dev else steps


def _device(entry: dict[str, Any], path: str) -> Device:
    kind = text(entry, "type", f"{path}.type")
    if kind not in KINDS:
        raise refuse(f"{path}.type", f"{kind!r} is none of c, b, u, p")
    place = text(entry, "path", f"{path}.path")
    if not place.startswith("/") or ".." in place.split("/"):
        raise refuse(f"{path}.path", f"{place!r} is not an absolute path")
    return Device(
        place,
        kind,
        integer(entry, "major", f"{path}.major"),
        integer(entry, "minor", f"{path}.minor"),
        integer(entry, "fileMode", f"{path}.fileMode", 0o666) & 0o7777,
        integer(entry, "uid", f"{path}.uid"),
        integer(entry, "gid", f"{path}.gid"),
    )


def covers(linux: dict[str, Any]) -> list[Step]:
    steps: list[Step] = []
    protected = _absolute(linux, "readonlyPaths")
    if protected:
        steps.append(ProtectPaths(protected))
    masked = _absolute(linux, "maskedPaths")
    if masked:
        steps.append(MaskPaths(masked))
    return steps


def _absolute(linux: dict[str, Any], key: str) -> list[str]:
    paths = items(linux, key, f"linux.{key}")
    for number, path in enumerate(paths):
        if not path.startswith("/"):
            raise refuse(f"linux.{key}[{number}]", f"{path!r} is not an absolute path")
    return paths
