"""What each remedy would unlock: the report with that remedy's capabilities present, selected anew. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backends.contract import Selection
from backends.guarantees import DEFAULT_DEMANDS, Demands
from backends.selection import consider_all
from probes.finding import KERNEL_AGE, PRESENT, Finding
from probes.origins import origin
from probes.report import HostReport


@dataclass(frozen=True)
class Advice:
    """One thing to do. `backends`: "storage/overlay"; `guarantees`: what containers would be promised besides;
    `capabilities`: what it would bring of the catalogue."""

    remedy: str
    capabilities: tuple[str, ...]
    backends: tuple[str, ...] = ()
    guarantees: tuple[str, ...] = ()

    @property
    def worth(self) -> int:
        return len(self.backends) * 10 + len(self.guarantees)

    def as_dict(self) -> dict[str, object]:
        return {
            "remedy": self.remedy,
            "capabilities": list(self.capabilities),
            "backends": list(self.backends),
            "guarantees": list(self.guarantees),
        }


def promised(selections: Mapping[str, Selection]) -> frozenset[str]:
    """What the chosen backends promise together."""
    return frozenset(
        guarantee
        for selection in selections.values()
        for verdict in selection.verdicts
        if verdict.backend == selection.chosen
        for guarantee in verdict.guarantees
    )


def advise(
    report: HostReport, selections: Mapping[str, Selection], demands: Demands = DEFAULT_DEMANDS
) -> tuple[Advice, ...]:
    """One piece of advice for each remedy in the report, the most useful first; of newer kernels only those versions
    that unlock more than the one before."""
    advices = [_weigh(remedy, found, report, selections, demands) for remedy, found in _remedies(report).items()]
    advices += _kernels(report, selections, demands)
    return tuple(sorted(advices, key=lambda advice: -advice.worth))


def together(
    report: HostReport, selections: Mapping[str, Selection], demands: Demands = DEFAULT_DEMANDS
) -> tuple[str, ...]:
    """The backends that only all remedies together unlock: where each one alone does not help."""
    blocked = [finding for finding in report.findings if not finding.present and finding.remedy]
    return _weigh("", blocked, report, selections, demands).backends


def _remedies(report: HostReport) -> dict[str, list[Finding]]:
    grouped: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.remedy and not finding.present and finding.blocker != KERNEL_AGE:
            grouped.setdefault(finding.remedy, []).append(finding)
    return grouped


def _kernels(report: HostReport, selections: Mapping[str, Selection], demands: Demands) -> list[Advice]:
    """A newer kernel brings everything that is older than it."""
    aged = [finding for finding in report.findings if finding.blocker == KERNEL_AGE and not finding.present]
    versions = sorted({origin(finding.capability).since for finding in aged})
    advices: list[Advice] = []
    best = 0
    for version in versions:
        brought = [finding for finding in aged if origin(finding.capability).since <= version]
        remedy = f"boot Linux {'.'.join(map(str, version))} or newer"
        advice = _weigh(remedy, brought, report, selections, demands)
        if advice.worth > best or version == versions[-1]:
            advices.append(advice)
            best = max(best, advice.worth)
    return advices


def _weigh(
    remedy: str,
    brought: list[Finding],
    report: HostReport,
    selections: Mapping[str, Selection],
    demands: Demands,
) -> Advice:
    then = consider_all(cured(report, brought), demands)
    capabilities = tuple(finding.capability for finding in brought)
    guarantees = tuple(sorted(promised(then) - promised(selections)))
    return Advice(remedy, capabilities, _unlocked(selections, then), guarantees)


def cured(report: HostReport, brought: list[Finding]) -> HostReport:
    """The report as it would be with these capabilities present."""
    names = {finding.capability for finding in brought}
    findings = [
        Finding(finding.capability, PRESENT, "supposed") if finding.capability in names else finding
        for finding in report.findings
    ]
    return HostReport(report.machine, report.kernel, report.distribution, findings, report.privileged)


def _unlocked(now: Mapping[str, Selection], then: Mapping[str, Selection]) -> tuple[str, ...]:
    """Backends that become usable, as "family/name"."""
    answer = []
    for family, selection in then.items():
        before = {verdict.backend for verdict in now[family].verdicts if verdict.usable} if family in now else set()
        answer += [
            f"{family}/{verdict.backend}"
            for verdict in selection.verdicts
            if verdict.usable and verdict.backend not in before
        ]
    return tuple(answer)
