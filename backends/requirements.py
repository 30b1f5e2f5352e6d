"""What a backend needs of a host, as data over capabilities. Judging it gives reasons.

On the launch path: plain classes, no imports.
"""

from __future__ import annotations

from probes.finding import ABSENT, DENIED, PRESENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.finding import Finding
    from probes.report import HostReport

_STATES = {ABSENT: "not here", DENIED: "forbidden to us"}


class Requirement:
    """One thing a backend needs: any one of `capabilities`, for its `purpose` ("to give a container its own root")."""

    __slots__ = ("capabilities", "purpose")

    def __init__(self, purpose: str, *capabilities: str) -> None:
        self.purpose = purpose
        self.capabilities = capabilities

    def __repr__(self) -> str:
        return f"Requirement({self.purpose!r}, {', '.join(map(repr, self.capabilities))})"

    def met(self, report: HostReport) -> bool:
        return any(report[name].state == PRESENT for name in self.capabilities)


class Reason:
    """Why a requirement is not met: what is needed and what for, the cause, and the remedies that would meet it."""

    __slots__ = ("cause", "need", "remedies")

    def __init__(self, need: str, cause: str, remedies: tuple[str, ...] = ()) -> None:
        self.need = need
        self.cause = cause
        self.remedies = remedies

    @property
    def sentence(self) -> str:
        return f"needs {self.need}: {self.cause}"


def told(reasons: Iterable[Reason]) -> list[str]:
    """A sentence for each cause, with all that it stands in the way of."""
    needs: dict[str, list[str]] = {}
    for reason in reasons:
        needs.setdefault(reason.cause, []).append(reason.need)
    return [f"needs {', '.join(dict.fromkeys(names))}: {cause}" for cause, names in needs.items()]


def unmet(requirements: Iterable[Requirement], report: HostReport) -> list[Reason]:
    """One reason for each requirement that this host does not meet. UNKNOWN is not met, and is called unknown."""
    return [_reason(requirement, report) for requirement in requirements if not requirement.met(report)]


def _reason(requirement: Requirement, report: HostReport) -> Reason:
    from probes.capability import CATALOGUE  # off the launch path until something is missing

    findings = [report[name] for name in requirement.capabilities]
    titles = " or ".join(CATALOGUE[finding.capability].title for finding in findings)
    causes: list[str] = []
    for finding in findings:
        if (cause := explain(finding)) not in causes:
            causes.append(cause)
    remedies = tuple(dict.fromkeys(finding.remedy for finding in findings if finding.remedy))
    return Reason(f"{titles} {requirement.purpose}", "; ".join(causes), remedies)


def explain(finding: Finding) -> str:
    """One finding that is not PRESENT as a clause: what is the matter, and who blocks it."""
    text = finding.reason.rstrip(".") or _STATES.get(finding.state, "not known on this host")
    return f"{text} (blocked by: {finding.blocker})" if finding.blocker else text
