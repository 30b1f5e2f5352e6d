"""The container's own cgroups, shown at the place that config.json mounts "cgroup" on."""

from __future__ import annotations

import os

from arch import inside, kernel
from backends.execution.options import Options
from backends.execution.steps.mount import by_descriptor, mount_point, remount
from backends.execution.steps.step import Context, Step

_UNIFIED = "unified"


class MountCgroups(Step):
    """v1: a tmpfs with one bind mount a hierarchy. v2: cgroup2 itself where a namespace hides the rest, else a bind
    mount of the container's own folder. None at all: an empty tmpfs."""

    __slots__ = ("destination", "namespace", "options")

    def __init__(self, destination: str, options: Options, namespace: bool) -> None:
        self.destination = destination
        self.options = options
        self.namespace = namespace

    def describe(self) -> str:
        return f"show the container's cgroups on {self.destination}"

    def execute(self, context: Context) -> None:
        folders = folders_of(context)
        if list(folders) == [_UNIFIED]:
            self._mount_unified(context, folders[_UNIFIED])
        else:
            self._mount_hierarchies(context, folders)

    def _mount_unified(self, context: Context, folder: str) -> None:
        target = mount_point(context, self.destination, True)
        if self.namespace:
            kernel.mount("cgroup", by_descriptor(target), "cgroup2", self.options.flags)
        else:
            kernel.mount(folder, by_descriptor(target), None, kernel.MS_BIND | kernel.MS_REC)
            remount(context, self.destination, self.options.flags)
        os.close(target)

    def _mount_hierarchies(self, context: Context, folders: dict[str, str]) -> None:
        target = mount_point(context, self.destination, True)
        writable = self.options.flags & ~kernel.MS_RDONLY
        kernel.mount("cgroup", by_descriptor(target), "tmpfs", writable, "mode=755,size=64k")
        os.close(target)
        for name, folder in folders.items():
            self._bind(context, name, folder)
        if self.options.flags & kernel.MS_RDONLY:
            remount(context, self.destination, self.options.flags)

    def _bind(self, context: Context, name: str, folder: str) -> None:
        entry = name.removeprefix("name=")
        place = f"{self.destination}/{entry}"
        target = inside.make_directories(context.root, place)
        kernel.mount(folder, by_descriptor(target), None, kernel.MS_BIND | kernel.MS_REC)
        os.close(target)
        remount(context, place, self.options.flags)
        for part in entry.split(",") if "," in entry else ():
            parent = inside.open_inside(context.root, self.destination, os.O_PATH | os.O_DIRECTORY)
            os.symlink(entry, part, dir_fd=parent)
            os.close(parent)


def folders_of(context: Context) -> dict[str, str]:
    """Hierarchies and this process's folder in each: what the manager says, else what the kernel does."""
    if context.cgroup is not None and context.cgroup.paths:
        return context.cgroup.paths
    with open("/proc/self/cgroup", encoding="utf-8") as stream:
        membership = stream.read()
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        return own_folders(membership, stream.read())


def own_folders(membership: str, mountinfo: str) -> dict[str, str]:
    """From /proc/self/cgroup and /proc/self/mountinfo, see cgroups(7) and proc(5)."""
    paths = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        paths[controllers or _UNIFIED] = path
    folders = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ")[:3]
        root, point = left.split(" ")[3:5]
        if kind not in ("cgroup", "cgroup2"):
            continue
        for name, path in paths.items():
            held = set(name.split(",")) <= set(options.split(",")) if kind == "cgroup" else name == _UNIFIED
            if held and root == "/" and name not in folders:
                folders[name] = point if path == "/" else point + path
    return folders
