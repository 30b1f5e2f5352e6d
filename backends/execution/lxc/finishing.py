"""What lxc has no words for, done by a process of ours in the container's namespaces while lxc waits in its hook."""

from __future__ import annotations

import os

from arch import inside, kernel
from backends.execution import mounts
from backends.execution import options as mount_options
from backends.execution.configuration import items, refuse, section, text
from backends.execution.lxc.fstab import recursive_mounts
from backends.execution.namespaces.entrance import EnterTarget
from backends.execution.steps.folder import MakeFolder
from backends.execution.steps.hostname import SetDomainname
from backends.execution.steps.mount import by_descriptor, remount
from backends.execution.steps.program import AwaitStart, FindProgram
from backends.execution.steps.root import SealRoot
from backends.execution.steps.secrecy import Conceal
from backends.execution.steps.step import Context, Step
from backends.execution.steps.stream import NewSession
from backends.execution.steps.terminal import leave_line_ends
from backends.execution.steps.user import SetUser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle
    from backends.execution.plan import Namespaces
    from backends.execution.processes import Process
    from probes.report import HostReport


class Finishing:
    """Pure: the steps, but for the first two, the birth and the way in, which are about a process."""

    __slots__ = ("_bundle", "_linux", "_namespaces", "_process", "_report")

    def __init__(
        self, bundle: Bundle, linux: dict[str, Any], report: HostReport, process: Process, namespaces: Namespaces
    ) -> None:
        self._bundle = bundle
        self._linux = linux
        self._report = report
        self._process = process
        self._namespaces = namespaces

    def steps(self, pivoted: bool, cgroups: list[dict[str, Any]]) -> list[Step]:
        """`pivoted`: lxc has made the container's root the root already; `cgroups`: mounts of them that are ours."""
        steps: list[Step] = []
        name = text(self._bundle, "domainname", "domainname")
        if name:
            steps.append(SetDomainname(name))
        if not self._namespaces.has("user"):
            steps += mounts.devices(self._linux, self._own_dev(), False)[:1]  # the links are lxc's
        if self._process.terminal and pivoted:
            steps.append(PlainConsole())
        for mount in cgroups:
            if not self._namespaces.creates("cgroup"):
                raise refuse("mounts", "without a cgroup namespace this lxc cannot show a container its cgroups")
            steps.append(ShowCgroups(mount["destination"], mount_options.parse(mount.get("options") or ())))
        steps += [SetRecursive(place, options.recursive) for place, options in recursive_mounts(self._bundle)]
        steps += mounts.covers(self._linux)
        if self._process.cwd != "/":
            steps.append(MakeFolder(self._process.cwd))
        if section(self._bundle, "root", "root").get("readonly"):
            steps.append(SealRoot())
        process = self._process
        return [
            *steps,
            SetUser(process.uid, process.gid, process.groups, process.mask, process.cwd),
            FindProgram(process.arguments, process.variables.get("PATH"), process.uid),
            AwaitStart(),
        ]

    def _own_dev(self) -> bool:
        return not any(
            mount.get("destination") == "/dev" and {"bind", "rbind"} & set(mount.get("options") or ())
            for mount in items(self._bundle, "mounts", "mounts", dict)
        )


def way_in(target: int, root: str) -> list[Step]:
    """Into the namespaces of lxc's process, and where its root is not yet the root, into that."""
    return [Conceal(), NewSession(), EnterTarget(target), OpenRoot(root)]


class OpenRoot(Step):
    __slots__ = ("root",)

    def __init__(self, root: str) -> None:
        self.root = root

    def describe(self) -> str:
        return "enter the root that lxc has mounted"

    def execute(self, context: Context) -> None:
        if self.root != "/":
            os.chroot(self.root)
        os.chdir("/")
        context.root = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


class PlainConsole(Step):
    """Whose output goes to a file or a pipe wants no carriage returns in it."""

    __slots__ = ()

    def describe(self) -> str:
        return "set up the terminal that lxc has made"

    def execute(self, context: Context) -> None:
        if not context.stdio.plain:
            return
        console = os.open("/dev/console", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            leave_line_ends(console)
        finally:
            os.close(console)


class SetRecursive(Step):
    """Attributes of a mount and of all below it: rro and the like."""

    __slots__ = ("attributes", "place")

    def __init__(self, place: str, attributes: tuple[int, int]) -> None:
        self.place = place
        self.attributes = attributes

    def describe(self) -> str:
        return f"set the attributes of all that is mounted on {self.place}"

    def execute(self, context: Context) -> None:
        target = inside.open_inside(context.root, self.place, os.O_PATH | os.O_CLOEXEC)
        try:
            kernel.mount_setattr(target, "", kernel.AT_EMPTY_PATH | kernel.AT_RECURSIVE, *self.attributes)
        finally:
            os.close(target)


class ShowCgroups(Step):
    """Mounts the hierarchies from inside the cgroup namespace, whose root is the container's own cgroup."""

    __slots__ = ("options", "place")

    def __init__(self, place: str, options: mount_options.Options) -> None:
        self.place = place
        self.options = options

    def describe(self) -> str:
        return f"show the container's cgroups on {self.place}"

    def execute(self, context: Context) -> None:
        with open("/proc/self/cgroup", encoding="utf-8") as stream:
            names = [line.split(":")[1] for line in stream]
        if names == [""]:
            self._mount(context, self.place, "cgroup2", "")
            remount(context, self.place, self.options.flags)
            return
        self._mount(context, self.place, "tmpfs", "mode=755,size=64k")
        for name in names:
            place = f"{self.place}/{name.partition('=')[2] or name or 'unified'}"
            os.close(inside.make_directories(context.root, place))
            self._mount(context, place, "cgroup" if name else "cgroup2", _joined(name))
            remount(context, place, self.options.flags)
        remount(context, self.place, self.options.flags)

    def _mount(self, context: Context, place: str, kind: str, data: str) -> None:
        target = inside.open_inside(context.root, place, os.O_PATH | os.O_CLOEXEC)
        try:
            kernel.mount("cgroup", by_descriptor(target), kind, self.options.flags & ~kernel.MS_RDONLY, data)
        finally:
            os.close(target)


def _joined(name: str) -> str:
    """As mount(2) wants a hierarchy named: one without a controller goes by its name alone."""
    return f"none,{name}" if name.startswith("name=") else name
