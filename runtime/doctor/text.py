"""A diagnosis as text for a terminal: the verdict first, then what to do, then the details. Plain ASCII."""

from __future__ import annotations

import textwrap

from probes.capability import CATALOGUE
from probes.finding import ABSENT, DENIED, KERNEL_AGE, PRESENT, UNKNOWN, Finding
from probes.origins import origin
from probes.report import HostReport
from runtime.doctor.advice import Advice
from runtime.doctor.areas import Area
from runtime.doctor.diagnosis import DEGRADED, HEALTHY, UNUSABLE, Choice, Diagnosis, Missing

ENOUGH = 2  # reasons of one backend
# Titles that differ in one word: what is before it, and after
PLURALS = (("the program ", ""), ("the v1 controller ", ""), ("the v2 controller ", ""), ("running ", " programs"))
# Worth telling although no backend of today rests on it
NOTEWORTHY = frozenset(("namespace.user", "namespace.user.nested"))
MARKS = {PRESENT: "+", ABSENT: "-", DENIED: "!", UNKNOWN: "?"}
_COLOURS = {
    PRESENT: "32", ABSENT: "31", DENIED: "33", UNKNOWN: "35", HEALTHY: "1;32", DEGRADED: "1;33", UNUSABLE: "1;31",
    "title": "1", "faint": "2",
}  # fmt: skip


class _Page:
    """Lines of text, wrapped to a width."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = max(width, 60)
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
    _backends(page, diagnosis, verbose)
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
    if kernel.get("mask"):
        shown = "with calls hidden" if kernel["mask"] == "calls" else f"as if on Linux {kernel['mask']}"
        parts.append(f"masked {shown}")
    if machine.get("emulator"):
        parts.append(f"run by {machine['emulator']}")
    if machine.get("page_size") not in (4096, 0, None):
        parts.append(f"pages of {int(str(machine['page_size'])) // 1024} KiB")
    return ", ".join(parts)


def _backends(page: _Page, diagnosis: Diagnosis, verbose: bool) -> None:
    page.title("Backends")
    names = [verdict.backend for choice in diagnosis.choices for verdict in choice.verdicts]
    column = max(len(choice.family) for choice in diagnosis.choices) + 4
    indent = column + max(map(len, names), default=0) + 2
    for choice in diagnosis.choices:
        _choice(page, choice, column, indent, verbose)


def _choice(page: _Page, choice: Choice, column: int, indent: int, verbose: bool) -> None:
    name = choice.chosen or "(none)"
    head = f"  {choice.family}".ljust(column) + name
    state = PRESENT if choice.chosen else ABSENT
    page.wrapped(choice.because, indent, head, f"  {choice.family}".ljust(column) + page.paint(name, state))
    for verdict in choice.others:
        head = " " * column + verdict.backend
        painted = " " * column + page.paint(verdict.backend, "faint")
        reasons = list(verdict.reasons or ("not chosen",))
        if len(reasons) > ENOUGH and not verbose:
            rest = len(reasons) - ENOUGH
            reasons[ENOUGH:] = [f"and {rest} more reason{'s' if rest > 1 else ''}"]
        for reason in reasons:
            page.wrapped(reason, indent, head, painted)
            head = painted = ""


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
    useful = [advice for advice in diagnosis.advice if advice.worth or set(advice.capabilities) <= NOTEWORTHY]
    others = [advice for advice in diagnosis.advice if advice not in useful]
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
        page.wrapped(f"all of the advice followed unlocks {_named(more)}", 2, "  ")
    if diagnosis.waivers:
        page.title("Or give up by name")
        for waiver in diagnosis.waivers:
            page.command(f"runtime run {' '.join(waiver.flags)} ...", 2, "  ")
            page.wrapped(f"unlocks {_named((waiver.backend,))}, without {', '.join(waiver.guarantees)}", 5)
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
        parts.append(f"promises {', '.join(advice.guarantees)}")
    return ", and ".join(parts) or f"brings {_titles(advice)}"


def _named(backends: tuple[str, ...] | list[str]) -> str:
    """ "storage/overlay" as "storage by overlay"."""
    return ", ".join(backend.replace("/", " by ", 1) for backend in backends)


def _titles(advice: Advice) -> str:
    return listed([CATALOGUE[name].title for name in advice.capabilities if name in CATALOGUE])


def _capabilities(page: _Page, areas: tuple[Area, ...], verbose: bool) -> None:
    page.title("Capabilities" if verbose else "Capabilities (--verbose shows all, with the evidence)")
    column = max((len(area.title) for area in areas), default=0) + 4
    for area in areas:
        page.line(f"  {area.title}".ljust(column) + f"{area.present} of {area.wished}")
        if verbose:
            for finding in area.findings:
                _finding(page, finding)
        else:
            for group in _grouped(area.notable):
                _group(page, group)


def _grouped(findings: tuple[Finding, ...]) -> list[list[Finding]]:
    """Findings that say the same stand together; a kernel that is too old says the same of each."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        reason = "" if finding.blocker == KERNEL_AGE else finding.reason
        groups.setdefault((finding.state, finding.blocker, reason), []).append(finding)
    return list(groups.values())


def _group(page: _Page, group: list[Finding]) -> None:
    first = group[0]
    reason, blame = first.reason or first.state, f" [{first.blocker}]" if first.blocker else ""
    names = [_title(finding) for finding in group]
    if first.blocker == KERNEL_AGE:
        reason, blame = "this kernel is too old", ""
        names = [f"{name} ({_since(finding)})" if _since(finding) else name for name, finding in zip(names, group)]
    head, painted = f"    {MARKS[first.state]} ", f"    {page.paint(MARKS[first.state], first.state)} "
    page.wrapped(f"{listed(names)}: {reason}{blame}", 6, head, painted)


def listed(names: list[str]) -> str:
    """ "the program a, the program b" as "the programs a, b"."""
    for before, after in PLURALS:
        if len(names) > 1 and all(name.startswith(before) and name.endswith(after) for name in names):
            cores = [name[len(before) : len(name) - len(after)] for name in names]
            return f"{before.rstrip()}{'' if after else 's'} {', '.join(cores)}{after}"
    return ", ".join(names)


def _since(finding: Finding) -> str:
    return ".".join(map(str, origin(finding.capability).since))


def _title(finding: Finding) -> str:
    known = CATALOGUE.get(finding.capability)
    return known.title if known else finding.capability


def _finding(page: _Page, finding: Finding) -> None:
    """With all that is known of it."""
    known = CATALOGUE.get(finding.capability)
    mark = MARKS[finding.state]
    reason = finding.reason or ("it works" if finding.present else finding.state)
    blame = f" [{finding.blocker}]" if finding.blocker else ""
    page.wrapped(f"{_title(finding)}: {reason}{blame}", 6, f"    {mark} ", f"    {page.paint(mark, finding.state)} ")
    if known and not finding.present:
        page.wrapped(f"for: {known.matters}", 8)
    for line in finding.evidence:
        page.wrapped(line, 8)
    if finding.remedy:
        page.command(finding.remedy, 12, "        do: ")
