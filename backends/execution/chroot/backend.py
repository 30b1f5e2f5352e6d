"""Execution by chroot, for kernels and users without namespaces. On the launch path.

Parent and child speak as with namespaces; what differs is how the root is entered, and who sees to what is left: no
namespace takes processes and mounts away when its last process ends.
"""

from __future__ import annotations

from backends.execution.chroot import remains
from backends.execution.chroot.way import ChrootWay
from backends.execution.namespaces.backend import NamespacesBackend
from backends.execution.plan import make_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.contract import Bundle, Plan, Process
    from backends.execution.entry import Entrance
    from probes.report import HostReport


class ChrootBackend(NamespacesBackend):
    name = "chroot"
    sheltered = False

    def plan(
        self,
        bundle: Bundle,
        rootfs: str,
        report: HostReport,
        *arguments: Any,
        place: str = "",
        contained: bool = True,
        **options: Any,
    ) -> Plan:
        """`place`: a folder of the caller's, on which the root is mounted where no mount namespace keeps the
        container's mounts; `clear` unmounts it with all below. `contained`: capabilities that lead out of a chroot are
        refused. The rest is `make_plan`'s."""
        options["way"] = ChrootWay(place or rootfs, contained)
        return make_plan(self.name, bundle, rootfs, report, *arguments, **options)

    def resides(self, report: HostReport) -> bool:
        return False  # /proc/PID/root leads in on all kernels

    def entrance(self) -> Entrance:
        from backends.execution.chroot.entrance import entrance

        return entrance

    def trace(self, process: Process) -> dict[str, Any]:
        return remains.trace(process.pid, process.start_time)

    def clear(self, trace: dict[str, Any], place: str = "") -> None:
        if trace:
            remains.end(trace)
        if place:
            remains.unmount_below(place)
