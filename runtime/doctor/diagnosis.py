"""From a report and the selections made of it to what a person can act on. Pure; the text is made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backends.catalogue import find
from backends.contract import Selection, Verdict
from backends.guarantees import DEFAULT_DEMANDS, FAMILIES, GUARANTEES, Demands
from backends.selection import missing_for
from probes.capability import CATALOGUE
from probes.finding import Finding
from probes.report import HostReport
from runtime.doctor.advice import Advice, Waiver, advise, promised, together, waive
from runtime.doctor.areas import Area, chapters

SCHEMA = 1

HEALTHY = "healthy"  # containers run with all that this program can promise
DEGRADED = "degraded"  # containers run, and something of it is missing
UNUSABLE = "unusable"  # no container runs
_EXIT = {HEALTHY: 0, DEGRADED: 0, UNUSABLE: 1}


@dataclass(frozen=True)
class Choice:
    """What one family of backends comes to on this host."""

    family: str
    chosen: str
    because: str
    verdicts: tuple[Verdict, ...]
    given_up: tuple[str, ...]

    @property
    def others(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.backend != self.chosen)


@dataclass(frozen=True)
class Missing:
    """A promise that the chosen backends cannot keep here. `demanded`: containers ask for it unless told otherwise."""

    guarantee: str
    meaning: str
    reasons: tuple[str, ...]
    demanded: bool


@dataclass(frozen=True)
class Diagnosis:
    health: str
    report: HostReport
    choices: tuple[Choice, ...]
    missing: tuple[Missing, ...]
    advice: tuple[Advice, ...]
    together: tuple[str, ...]
    waivers: tuple[Waiver, ...]
    areas: tuple[Area, ...]

    @property
    def summary(self) -> str:
        if self.health == UNUSABLE:
            lacking = " and ".join(choice.family for choice in self.choices if not choice.chosen)
            return f"no container can run here: there is no usable backend for {lacking}"
        if self.health == DEGRADED:
            count = len(self.missing)
            return f"containers run here, without {count} promise{'s' if count > 1 else ''} of {len(GUARANTEES)}"
        return "containers run here, with everything that can be promised"

    def as_dict(self) -> dict[str, object]:
        """The stable form for programs: fields are added, never changed, within one schema."""
        return {
            "schema": SCHEMA,
            "health": self.health,
            "summary": self.summary,
            "machine": dict(self.report.machine),
            "kernel": dict(self.report.kernel),
            "distribution": dict(self.report.distribution),
            "privileged": self.report.privileged,
            "backends": {choice.family: _choice(choice) for choice in self.choices},
            "missing": [
                {
                    "guarantee": missing.guarantee,
                    "meaning": missing.meaning,
                    "reasons": list(missing.reasons),
                    "demanded": missing.demanded,
                }
                for missing in self.missing
            ],
            "advice": [advice.as_dict() for advice in self.advice],
            "together": list(self.together),
            "waivers": [waiver.as_dict() for waiver in self.waivers],
            "capabilities": [_capability(finding) for area in self.areas for finding in area.findings],
        }


def diagnose(report: HostReport, selections: Mapping[str, Selection], demands: Demands = DEFAULT_DEMANDS) -> Diagnosis:
    """`selections`: every family's, refusals among them, as `backends.selection.consider_all` makes them."""
    choices = tuple(
        Choice(family, found.chosen, found.because, found.verdicts, found.given_up)
        for family, found in selections.items()
    )
    missing = tuple(_missing(report, selections, demands))
    return Diagnosis(
        _health(choices, missing),
        report,
        choices,
        missing,
        advise(report, selections, demands),
        together(report, selections, demands),
        waive(report, selections, demands),
        chapters(report),
    )


def exit_status(diagnosis: Diagnosis) -> int:
    """0 where containers run, also with less than everything; 1 where none does."""
    return _EXIT[diagnosis.health]


def _health(choices: tuple[Choice, ...], missing: tuple[Missing, ...]) -> str:
    if any(not choice.chosen for choice in choices):
        return UNUSABLE
    return DEGRADED if missing else HEALTHY


def _missing(report: HostReport, selections: Mapping[str, Selection], demands: Demands) -> list[Missing]:
    """In the order of GUARANTEES; only of families that have a backend: what has none is told as that."""
    given, answer = promised(selections), []
    for guarantee, meaning in GUARANTEES.items():
        family = next((name for name, owned in FAMILIES.items() if guarantee in owned), "")
        selection = selections.get(family)
        if guarantee in given or selection is None or not selection.chosen:
            continue
        reasons = missing_for(find(family, selection.chosen), guarantee, report)
        said = tuple(reason.sentence for reason in reasons) or (f"{family} by {selection.chosen} never gives it",)
        answer.append(Missing(guarantee, meaning, said, guarantee in demands.require))
    return answer


def _choice(choice: Choice) -> dict[str, object]:
    return {
        "chosen": choice.chosen,
        "because": choice.because,
        "given_up": list(choice.given_up),
        "considered": [
            {
                "backend": verdict.backend,
                "usable": verdict.usable,
                "reasons": list(verdict.reasons),
                "guarantees": sorted(verdict.guarantees),
                "unlocked_by": list(verdict.unlocked_by),
            }
            for verdict in choice.verdicts
        ],
    }


def _capability(finding: Finding) -> dict[str, object]:
    known = CATALOGUE.get(finding.capability)
    title, matters = (known.title, known.matters) if known else (finding.capability, "")
    return {**finding.as_dict(), "title": title, "matters": matters}
