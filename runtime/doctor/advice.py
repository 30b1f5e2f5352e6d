"""What each remedy would unlock: the report with that remedy's capabilities present, selected anew. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backends.catalogue import members
from backends.contract import Selection
from backends.guarantees import DEFAULT_DEMANDS, FAMILIES, GIVEN_UP_BY, Demands
from backends.requirements import unmet
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


@dataclass(frozen=True)
class Waiver:
    """A backend that works here once containers do without some promises: the flags that give them up by name."""

    backend: str
    flags: tuple[str, ...]
    guarantees: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        return {"backend": self.backend, "flags": list(self.flags), "guarantees": list(self.guarantees)}


def waive(
    report: HostReport, selections: Mapping[str, Selection], demands: Demands = DEFAULT_DEMANDS
) -> tuple[Waiver, ...]:
    """For each family without a backend, those that only lack promises which a user can give up."""
    answer = []
    for family, selection in selections.items():
        for entry in members(family):
            lacking = tuple(sorted((demands.require & FAMILIES[family]) - entry.guarantees(report)))
            if not selection.chosen and lacking and not unmet(entry.requirements, report):
                answer.append(Waiver(f"{family}/{entry.name}", _ways(lacking), lacking))
    return tuple(answer)


def _ways(lacking: tuple[str, ...]) -> tuple[str, ...]:
    """docker's flags where they give up all of it, else ours."""
    flags = tuple(dict.fromkeys(_flag(guarantee) for guarantee in lacking))
    return flags if all(flags) else (f"--prefer {','.join(lacking)}",)


def _flag(guarantee: str) -> str:
    """The flag that gives up this promise and the fewest others; empty if there is none."""
    flags = [flag for flag, given_up in GIVEN_UP_BY.items() if guarantee in given_up]
    return min(flags, key=lambda flag: len(GIVEN_UP_BY[flag]), default="")


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
    """One piece of advice for each remedy in the report, the most useful first; newer kernels in their order, each with
    what it unlocks beyond the one before."""
    groups = [[_weigh(remedy, found, report, selections, demands)] for remedy, found in _remedies(report).items()]
    groups.append(_kernels(report, selections, demands))
    groups.sort(key=lambda group: -sum(advice.worth for advice in group))
    return tuple(advice for group in groups for advice in group)


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
    backends: set[str] = set()
    guarantees: set[str] = set()
    for version in versions:
        brought = [finding for finding in aged if origin(finding.capability).since <= version]
        remedy = f"boot Linux {'.'.join(map(str, version))} or newer"
        whole = _weigh(remedy, brought, report, selections, demands)
        more = Advice(
            remedy,
            whole.capabilities,
            tuple(backend for backend in whole.backends if backend not in backends),
            tuple(guarantee for guarantee in whole.guarantees if guarantee not in guarantees),
        )
        if more.worth or version == versions[-1]:
            advices.append(more)
        backends.update(whole.backends)
        guarantees.update(whole.guarantees)
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
    return Advice(remedy, capabilities, _unlocked(selections, then), _gained(selections, then))


def cured(report: HostReport, brought: list[Finding]) -> HostReport:
    """The report as it would be with these capabilities present."""
    names = {finding.capability for finding in brought}
    findings = [
        Finding(finding.capability, PRESENT, "supposed") if finding.capability in names else finding
        for finding in report.findings
    ]
    return HostReport(report.machine, report.kernel, report.distribution, findings, report.privileged, report.health)


def _gained(now: Mapping[str, Selection], then: Mapping[str, Selection]) -> tuple[str, ...]:
    """New promises of families that have a backend already: that one without gets one says enough of the others."""
    settled = {family: selection for family, selection in then.items() if family in now and now[family].chosen}
    return tuple(sorted(promised(settled) - promised(now)))


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
