"""The doctor's chapters: capabilities by the first word of their names."""

from __future__ import annotations

from dataclasses import dataclass

from probes.finding import UNKNOWN, Finding
from probes.report import HostReport

AREAS: dict[str, str] = {
    "namespace": "Namespaces",
    "process": "Processes",
    "mount": "Mounts",
    "seccomp": "Seccomp",
    "lsm": "Security modules",
    "storage": "Storage",
    "cgroup": "Control groups",
    "network": "Network",
    "emulation": "Emulation",
    "privilege": "Privileges",
    "lxc": "LXC",
    "init": "Init system",
    "containment": "Surroundings",
    "program": "Programs",
}


# What is no merit of a host, but decides what it needs.
_NO_MERITS = ("privilege.unreal", "storage.owners")


@dataclass(frozen=True)
class Area:
    name: str
    title: str
    findings: tuple[Finding, ...]

    @property
    def present(self) -> int:
        return sum(finding.present for finding in self.findings if finding.capability not in _NO_MERITS)

    @property
    def wished(self) -> int:
        return sum(finding.capability not in _NO_MERITS for finding in self.findings)

    @property
    def notable(self) -> tuple[Finding, ...]:
        """What is missing and somebody blocks, or what nobody could find out: not what this host does another way."""
        return tuple(
            finding
            for finding in self.findings
            if not finding.present and (finding.blocker or finding.remedy or finding.state == UNKNOWN)
        )


def chapters(report: HostReport) -> tuple[Area, ...]:
    """Every area that the report has findings for, in the catalogue's order."""
    grouped: dict[str, list[Finding]] = {}
    for finding in report.findings:
        grouped.setdefault(finding.capability.partition(".")[0], []).append(finding)
    return tuple(Area(name, AREAS.get(name, name), tuple(findings)) for name, findings in grouped.items())
