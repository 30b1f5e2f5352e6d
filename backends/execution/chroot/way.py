"""How a plan enters the root by chroot, and what of config.json that way cannot do. Pure. On the launch path."""

from __future__ import annotations

from arch import constants as c
from backends.execution.chroot.breakouts import MASK, WAYS
from backends.execution.configuration import refuse, section
from backends.execution.plan import Namespaces, Way
from backends.execution.processes import mask
from backends.execution.steps.landlock import ConfineLooks
from backends.execution.steps.root import BindRoot, ChangeRoot, HoldRoot, PartMounts
from backends.security.capabilities import NUMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from backends.execution.steps.step import Step
    from probes.report import HostReport

_NEVER = ("pid", "user", "time")


class ChrootWay(Way):
    """`place`: where the root is mounted when the host sees the container's mounts."""

    __slots__ = ("contained", "place")

    def __init__(self, place: str, contained: bool) -> None:
        self.place = place
        self.contained = contained

    def namespaces(self, bundle: dict[str, Any], linux: dict[str, Any], report: HostReport) -> Namespaces:
        found = Namespaces(linux, report, own_mounts=False)
        for kind in _NEVER:
            if found.has(kind):
                raise refuse(
                    "linux.namespaces",
                    f"execution by chroot has no {kind} namespace",
                    f"leave {kind} out of them, or have it executed by namespaces",
                )
        if section(linux, "sysctl", "linux.sysctl") and not found.new:
            raise refuse("linux.sysctl", "without namespaces they would be the host's")
        if linux.get("rootfsPropagation") and not found.creates("mount"):
            raise refuse("linux.rootfsPropagation", "without a mount namespace the container's mounts are the host's")
        self._contain(bundle)
        return found

    def _contain(self, bundle: dict[str, Any]) -> None:
        if not self.contained:
            return
        process = section(bundle, "process", "process")
        sets = section(process, "capabilities", "process.capabilities")
        for name in ("bounding", "permitted"):
            leading = breakouts(sets, name)
            if leading:
                said = "; ".join(f"{one}: {WAYS[one]}" for one in leading)
                raise refuse(f"process.capabilities.{name}", f"with these a process leaves a chroot: {said}")

    def judged(self, report: HostReport, namespaces: Namespaces) -> HostReport:
        """Mounts were tried in a mount namespace: where there is none, that says nothing of mounts on the host."""
        if namespaces.creates("mount") or report.has("namespace.mount"):
            return report
        from probes.report import HostReport as Report

        findings = [finding for finding in report.findings if not finding.capability.startswith("mount.")]
        return Report(report.machine, report.kernel, report.distribution, findings, report.privileged)

    def opening(self, rootfs: str, parting: int, namespaces: Namespaces) -> list[Step]:
        if namespaces.new & c.CLONE_NEWNS:
            return [PartMounts(parting, rootfs), BindRoot(rootfs)]
        return [HoldRoot(rootfs, self.place)]

    def entering(self, report: HostReport, rootfs: str, pivot: bool) -> list[Step]:
        return [ChangeRoot()]

    def entered(self, bundle: dict[str, Any], report: HostReport) -> list[Step]:
        return confinement(section(bundle, "process", "process"), report)


def confinement(process: dict[str, Any], report: HostReport) -> list[Step]:
    """What keeps a process from /proc/PID/root of others; none for one that could leave in other ways anyhow."""
    sets = section(process, "capabilities", "process.capabilities")
    if not report.has("lsm.landlock") or breakouts(sets, "bounding"):
        return []
    return [ConfineLooks()]


def breakouts(sets: dict[str, Any], name: str) -> list[str]:
    bits = mask(sets, name) & MASK
    return [one for one in WAYS if bits >> NUMBERS[one] & 1]
