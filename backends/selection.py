"""select(): the backend that is used, and for every other one why not. Pure: report and demands in, selection out.

In order: a backend forced by name, and only that one; the storage backend whose images are on disk, and only that one;
then the first of the catalogue whose requirements are met, that did not break when it was tried, and that gives all
that is demanded (of several, the first that gives most of what is preferred). Nothing is ever weaker in silence: what
is demanded and cannot be given is a refusal, what is only preferred is listed in `Selection.given_up`.
"""

from __future__ import annotations

from backends.catalogue import CATALOGUE, FAMILIES, Entry, members
from backends.contract import Selection, Verdict
from backends.errors import NoUsableBackend
from backends.guarantees import DEFAULT_DEMANDS, GUARANTEES, Demands
from backends.guarantees import FAMILIES as OWNED
from backends.requirements import told, unmet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from backends.requirements import Reason
    from probes.report import HostReport


def judge(backend: Entry, report: HostReport, demands: Demands) -> Verdict:
    """Whether a backend can be used here for these demands: each reason why not, and the remedies that would help."""
    guarantees = backend.guarantees(report) - _groundless(backend, demands)
    needed = unmet(backend.requirements, report)
    missing = {
        guarantee: missing_for(backend, guarantee, report)
        for guarantee in sorted((demands.require & OWNED[backend.family]) - guarantees)
    }
    sentences = told(needed) + _withheld(missing, {reason.cause for reason in needed})
    sentences += [
        f"always gives {promise.guarantee}, which is forbidden here"
        for promise in backend.promises
        if promise.inherent and promise.guarantee in demands.forbid
    ]
    broken = report.health.get(f"{backend.family}/{backend.name}")
    if broken:
        told_so = f"broke when it was tried here, although it seems to work: {broken} (`runtime doctor` tries again)"
        sentences.insert(0, told_so)
    everything = [*needed, *(reason for reasons in missing.values() for reason in reasons)]
    remedies = tuple(dict.fromkeys(remedy for reason in everything for remedy in reason.remedies))
    return Verdict(backend.name, not sentences, tuple(sentences), guarantees, remedies)


def _groundless(backend: Entry, demands: Demands) -> frozenset[str]:
    """What a backend promises on the strength of cgroups, where the user has those left out."""
    if demands.forced.get("cgroups") != "absent" or backend.family == "cgroups":
        return frozenset()
    return frozenset(
        promise.guarantee
        for promise in backend.promises
        if any(name.startswith("cgroup.") for needed in promise.requirements for name in needed.capabilities)
    )


def _withheld(missing: dict[str, list[Reason]], known: set[str]) -> list[str]:
    """A sentence for each cause for which guarantees are not given, but for causes that are `known` already."""
    named: dict[str, list[str]] = {}
    for guarantee, reasons in missing.items():
        if not reasons or any(reason.cause not in known for reason in reasons):
            named.setdefault(_joined(reasons), []).append(f"{guarantee} ({GUARANTEES[guarantee]})")
    return [f"does not give {', '.join(names)}: {cause}" for cause, names in named.items()]


def missing_for(backend: Entry, guarantee: str, report: HostReport) -> list[Reason]:
    """Why a backend does not give a guarantee on this host; empty where it gives it, or never could."""
    for promise in backend.promises:
        if promise.guarantee == guarantee:
            return unmet(promise.requirements, report)
    return []


def consider(
    family: str,
    report: HostReport,
    demands: Demands = DEFAULT_DEMANDS,
    catalogue: tuple[Entry, ...] = CATALOGUE,
    in_use: str | None = None,
) -> Selection:
    """What `select` would choose; where nothing can be used, `chosen` is empty and `because` says why."""
    entries = members(family, catalogue)
    verdicts = tuple(judge(entry, report, demands) for entry in entries)
    fixed, origin = _fixed(family, demands, in_use)
    if fixed:
        chosen = _only(fixed, verdicts)
        because = origin if chosen else _refusal_of_fixed(family, fixed, origin, verdicts)
    else:
        chosen = _first(verdicts, demands)
        because = _because(chosen, verdicts) if chosen else f"no {family} backend can be used on this host"
    verdicts = tuple(_passed_over(verdict, chosen, fixed) for verdict in verdicts)
    if chosen is None:
        return Selection(family, "", because, verdicts)
    given_up = _given_up(entries[[entry.name for entry in entries].index(chosen.backend)], report, demands)
    return Selection(family, chosen.backend, because, verdicts, given_up)


def select(
    family: str,
    report: HostReport,
    demands: Demands = DEFAULT_DEMANDS,
    catalogue: tuple[Entry, ...] = CATALOGUE,
    in_use: str | None = None,
) -> Selection:
    """NoUsableBackend, with every reason, where `consider` finds none."""
    selection = consider(family, report, demands, catalogue, in_use)
    if not selection.chosen:
        raise refusal((selection,), _flags((selection,), report, demands, catalogue))
    return selection


def consider_all(
    report: HostReport,
    demands: Demands = DEFAULT_DEMANDS,
    in_use: Mapping[str, str] | None = None,
    catalogue: tuple[Entry, ...] = CATALOGUE,
) -> dict[str, Selection]:
    """Every family's selection, refusals among them. `in_use`: {"storage": name} when images are on disk."""
    used = in_use or {}
    return {family: consider(family, report, demands, catalogue, used.get(family)) for family in FAMILIES}


def select_all(
    report: HostReport,
    demands: Demands = DEFAULT_DEMANDS,
    in_use: Mapping[str, str] | None = None,
    catalogue: tuple[Entry, ...] = CATALOGUE,
) -> dict[str, Selection]:
    """Every family's selection for one container. NoUsableBackend names all the families that failed, at once."""
    selections = consider_all(report, demands, in_use, catalogue)
    failed = tuple(selection for selection in selections.values() if not selection.chosen)
    if failed:
        raise refusal(failed, _flags(failed, report, demands, catalogue))
    return selections


def refusal(failed: tuple[Selection, ...], flags: tuple[str, ...] = ()) -> NoUsableBackend:
    """One error for all that failed: what, every backend's reasons; as the hint every remedy, and the flags by which
    what cannot be given is given up."""
    lines: list[str] = []
    remedies: dict[str, None] = {}
    for selection in failed:
        lines.append(selection.because)
        for verdict in selection.verdicts:
            lines += [f"  {verdict.backend}: {reason}" for reason in verdict.reasons]
            remedies.update(dict.fromkeys(verdict.unlocked_by))
    hints = [*remedies, *([f"run without these promises: {' '.join(flags)}"] if flags else [])]
    return NoUsableBackend("\n".join(lines), "; or ".join(hints), failed)


def _flags(
    failed: tuple[Selection, ...], report: HostReport, demands: Demands, catalogue: tuple[Entry, ...]
) -> tuple[str, ...]:
    """The flag that gives up least and leaves a backend to every family; empty where nothing given up would help."""
    lacking: list[str] = []
    for selection in failed:
        least = consider(selection.family, report, demands.without(OWNED[selection.family]), catalogue)
        chosen = next((verdict for verdict in least.verdicts if verdict.backend == least.chosen), None)
        if chosen is None:
            return ()
        lacking += sorted((demands.require & OWNED[selection.family]) - chosen.guarantees)
    return ("--prefer " + ",".join(lacking),) if lacking else ()


def _fixed(family: str, demands: Demands, in_use: str | None) -> tuple[str, str]:
    """The one backend that may be used, and who says so; empty where there is a choice."""
    forced = demands.forced.get(family, "")
    if forced:
        return forced, "it was asked for by name"
    return (in_use, "images are kept by it on this disk") if in_use else ("", "")


def _only(name: str, verdicts: tuple[Verdict, ...]) -> Verdict | None:
    return next((verdict for verdict in verdicts if verdict.backend == name and verdict.usable), None)


def _first(verdicts: tuple[Verdict, ...], demands: Demands) -> Verdict | None:
    usable = [verdict for verdict in verdicts if verdict.usable]
    return max(usable, key=lambda verdict: len(demands.prefer & verdict.guarantees), default=None)


def _because(chosen: Verdict, verdicts: tuple[Verdict, ...]) -> str:
    before = verdicts[: verdicts.index(chosen)]
    if not before:
        return "the first choice, and it works here"
    if any(verdict.usable for verdict in before):
        return "it gives more of what is preferred than those before it"
    return "the first that works here; before it: " + ", ".join(verdict.backend for verdict in before)


def _refusal_of_fixed(family: str, name: str, origin: str, verdicts: tuple[Verdict, ...]) -> str:
    if all(verdict.backend != name for verdict in verdicts):
        known = ", ".join(verdict.backend for verdict in verdicts)
        return f"there is no {family} backend {name!r} ({origin}); there are: {known}"
    return f"the {family} backend {name} cannot be used, and no other is tried: {origin}"


def _passed_over(verdict: Verdict, chosen: Verdict | None, fixed: str) -> Verdict:
    """Says of a usable backend that was not chosen why it was not."""
    if not verdict.usable or verdict is chosen:
        return verdict
    if fixed or chosen is None:
        why = f"works here, but only {fixed} may be used"
    else:
        why = f"works here; {chosen.backend} is preferred"
    return Verdict(verdict.backend, True, (why,), verdict.guarantees, verdict.unlocked_by)


def _given_up(entry: Entry, report: HostReport, demands: Demands) -> tuple[str, ...]:
    wished = demands.prefer & OWNED[entry.family]
    return tuple(
        f"{guarantee} ({GUARANTEES[guarantee]}): {_joined(missing_for(entry, guarantee, report))}"
        for guarantee in sorted(wished - (entry.guarantees(report) - _groundless(entry, demands)))
    )


def _joined(reasons: list[Reason]) -> str:
    return "; ".join(told(reasons)) or "this backend never does"
