"""Containers in the caller's mount namespace: linux.namespaces has none of that kind. On the launch path.

The specification has such a container inherit the runtime's. pivot_root would change the root of everybody in it; so
the container's root is mounted on a folder of the caller's, and entered with chroot. Its mounts are seen outside, and
stay until the folder is removed. Who has CAP_SYS_CHROOT gets out of a chroot.
"""

from __future__ import annotations

import os

from backends.errors import StepFailed
from backends.execution.configuration import refuse
from backends.execution.namespaces.entrance import EnterTarget, EntryBirth
from backends.execution.plan import Namespaces, Way
from backends.execution.processes import Process
from backends.execution.steps.root import ChangeRoot, HoldRoot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.execution.steps.step import Context, Step
    from probes.report import HostReport


class SharedWay(Way):
    """`place`: the folder that the root is mounted on."""

    __slots__ = ("place",)

    def __init__(self, place: str) -> None:
        self.place = place

    def namespaces(self, bundle: dict[str, Any], linux: dict[str, Any], report: HostReport) -> Namespaces:
        found = Namespaces(linux, report, own_mounts=False)
        if found.has("user"):
            raise refuse(
                "linux.namespaces",
                "a user namespace has no right to mount in a mount namespace that is not its own",
                "ask for a new mount namespace, too",
            )
        return found

    def opening(self, rootfs: str, parting: int, namespaces: Namespaces) -> list[Step]:
        return [HoldRoot(rootfs, self.place)]

    def entering(self, report: HostReport, rootfs: str, pivot: bool) -> list[Step]:
        return [ChangeRoot()]


def entrance(target: int, process: dict[str, Any], report: HostReport, preserved: int) -> tuple[Step, list[Step]]:
    cpus = Process(process, report, False).affinity("initial")
    return EntryBirth(target, preserved, cpus), [EnterSharedTarget(target)]


class EnterSharedTarget(EnterTarget):
    """The mount namespace does not bring the container's root with it."""

    __slots__ = ()

    def describe(self) -> str:
        return f"join the namespaces of process {self.target}, and chroot to its root"

    def execute(self, context: Context) -> None:
        root = os.open(f"/proc/{self.target}/root", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if os.path.samestat(os.fstat(root), os.stat("/")):
            raise StepFailed(self.describe(), "it is not in a container: it has no root of its own")
        self.join()
        os.fchdir(root)
        os.chroot(".")
        os.chdir("/")
        os.close(root)
