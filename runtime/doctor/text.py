"""A diagnosis as text for a terminal: the verdict first, then what to do, then the details. Plain ASCII."""

from __future__ import annotations

import textwrap

from backends.guarantees import GUARANTEES
from probes.capability import CATALOGUE
from probes.finding import ABSENT, DENIED, PRESENT, UNKNOWN, Finding
from probes.report import HostReport
from runtime.doctor.advice import Advice
from runtime.doctor.areas import Area
from runtime.doctor.diagnosis import DEGRADED, HEALTHY, UNUSABLE, Choice, Diagnosis, Missing

MARKS = {PRESENT: "+", ABSENT: "-", DENIED: "!", UNKNOWN: "?"}
_COLOURS = {
    PRESENT: "32", ABSENT: "31", DENIED: "33", UNKNOWN: "35", HEALTHY: "1;32", DEGRADED: "1;33", UNUSABLE: "1;31",
    "title": "1", "faint": "2",
}  # fmt: skip


class _Page:
    """Lines of text, wrapped to a width."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = max(width, 40)
        self.colour = colour
        self.lines: list[str] = []

    def paint(self, text: str, kind: str) -> str:
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and text else text

    def title(self, text: str) -> None:
        self.lines += ["", self.paint(text, "title")]

    def line(self, text: str = "") -> None:
        self.lines.append(text)

    def wrapped(self, text: str, indent: int, head: str = "", painted: str = "") -> None:
        """`text` behind `head` (which may be shown `painted`), all but the first line indented."""
        room = max(self.width - indent, 20)
        rows = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        pad = " " * max(indent - len(head), 0)
        self.lines.append(((painted or head) + pad + rows[0]).rstrip())
        self.lines += [" " * indent + row for row in rows[1:]]

    def command(self, text: str, indent: int, head: str = "") -> None:
        """Never wrapped: it is there to be copied."""
        for number, row in enumerate(text.splitlines() or [""]):
            self.lines.append((head if number == 0 else "").ljust(indent) + row)


def render(diagnosis: Diagnosis, width: int = 80, colour: bool = False, verbose: bool = False) -> str:
    """Ends with a newline. `verbose`: every capability, with its evidence."""
    page = _Page(width, colour)
    page.wrapped(host(diagnosis.report), 0)
    page.line()
    head = diagnosis.health.upper()
    page.wrapped(diagnosis.summary, len(head) + 2, head, page.paint(head, diagnosis.health))
    _backends(page, diagnosis)
    _missing(page, diagnosis.missing)
    _advice(page, diagnosis, verbose)
    _capabilities(page, diagnosis.areas, verbose)
    return "\n".join(page.lines) + "\n"


def host(report: HostReport) -> str:
    """The host in a line."""
    kernel, machine = report.kernel, report.machine
    words = " ".join(str(machine[key]) for key in ("architecture", "variant") if machine.get(key))
    parts = [
        f"Linux {kernel.get('numbers') or kernel.get('release') or 'of unknown version'}",
        words or str(machine.get("uname") or "unknown machine"),
        str(report.distribution.get("name") or "unknown distribution"),
        "as root" if report["privilege.root"].present else "as an ordinary user",
    ]
    for name, inside in (
        ("container", "inside a container"),
        ("chroot", "inside a chroot"),
        ("vm", "in a virtual machine"),
    ):
        found = report[f"containment.{name}"]
        if found.state == ABSENT:
            parts.append(f"{inside} ({found.value})" if found.value not in ("", "chroot", "unknown") else inside)
    if machine.get("page_size") not in (4096, 0, None):
        parts.append(f"pages of {int(str(machine['page_size'])) // 1024} KiB")
    return ", ".join(parts)


def _backends(page: _Page, diagnosis: Diagnosis) -> None:
    page.title("Backends")
    names = [verdict.backend for choice in diagnosis.choices for verdict in choice.verdicts]
    column = max(len(choice.family) for choice in diagnosis.choices) + 4
    indent = column + max(map(len, names), default=0) + 2
    for choice in diagnosis.choices:
        _choice(page, choice, column, indent)


def _choice(page: _Page, choice: Choice, column: int, indent: int) -> None:
    name = choice.chosen or "none"
    head = f"  {choice.family}".ljust(column) + name
    state = PRESENT if choice.chosen else ABSENT
    page.wrapped(choice.because, indent, head, f"  {choice.family}".ljust(column) + page.paint(name, state))
    for verdict in choice.others:
        head = " " * column + verdict.backend
        painted = " " * column + page.paint(verdict.backend, "faint")
        for reason in verdict.reasons or ("not chosen",):
            page.wrapped(reason, indent, head, painted)
            head = painted = ""
    for sentence in choice.given_up:
        page.wrapped(f"given up: {sentence}", indent)


def _missing(page: _Page, missing: tuple[Missing, ...]) -> None:
    if not missing:
        return
    page.title("Not to be had here")
    indent = max(len(item.guarantee) for item in missing) + 4
    for item in missing:
        page.wrapped(item.meaning, indent, f"  {item.guarantee}", "  " + page.paint(item.guarantee, ABSENT))
        for reason in item.reasons:
            page.wrapped(reason, indent)


def _advice(page: _Page, diagnosis: Diagnosis, verbose: bool) -> None:
    useful = [advice for advice in diagnosis.advice if advice.worth]
    others = [advice for advice in diagnosis.advice if not advice.worth]
    if useful:
        page.title("What would help")
        for number, advice in enumerate(useful, 1):
            head = f"  {number}. "
            page.command(advice.remedy, len(head), head)
            page.wrapped(_gains(advice), len(head))
    alone = {backend for advice in useful for backend in advice.backends}
    more = [backend for backend in diagnosis.together if backend not in alone]
    if more:
        page.title("Only together")
        page.wrapped(f"  with all of the advice followed: {_named(more)}", 2)
    if others and verbose:
        page.title("Also possible")
        for advice in others:
            page.command(advice.remedy, 4, "  - ")
            page.wrapped(f"brings {_titles(advice)}", 4)


def _gains(advice: Advice) -> str:
    parts = []
    if advice.backends:
        parts.append(f"unlocks {_named(advice.backends)}")
    if advice.guarantees:
        parts.append("promises " + "; ".join(f"{name} ({GUARANTEES[name]})" for name in advice.guarantees))
    return ", and ".join(parts)


def _named(backends: tuple[str, ...] | list[str]) -> str:
    """ "storage/overlay" as "storage by overlay"."""
    return ", ".join(backend.replace("/", " by ", 1) for backend in backends)


def _titles(advice: Advice) -> str:
    return ", ".join(CATALOGUE[name].title for name in advice.capabilities if name in CATALOGUE)


def _capabilities(page: _Page, areas: tuple[Area, ...], verbose: bool) -> None:
    page.title("Capabilities" if verbose else "Capabilities (--verbose shows all, with the evidence)")
    column = max((len(area.title) for area in areas), default=0) + 4
    for area in areas:
        page.line(f"  {area.title}".ljust(column) + f"{area.present} of {len(area.findings)}")
        for finding in area.findings if verbose else area.notable:
            _finding(page, finding, verbose)


def _finding(page: _Page, finding: Finding, verbose: bool) -> None:
    known = CATALOGUE.get(finding.capability)
    mark = MARKS[finding.state]
    said = known.title if known else finding.capability
    reason = finding.reason or ("it works" if finding.present else finding.state)
    blame = f" [{finding.blocker}]" if finding.blocker else ""
    page.wrapped(f"{said}: {reason}{blame}", 6, f"    {mark} ", f"    {page.paint(mark, finding.state)} ")
    if not verbose:
        return
    if known and not finding.present:
        page.wrapped(f"for: {known.matters}", 8)
    for line in finding.evidence:
        page.wrapped(line, 8, "", "")
        page.lines[-1] = page.paint(page.lines[-1], "faint")
    if finding.remedy:
        page.command(finding.remedy, 12, "        do: ")
