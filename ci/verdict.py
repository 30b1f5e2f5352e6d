"""What a cell of the matrix came to, beside what was expected of it: as a line, and as docs/matrix.md. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ci.cells import Cell, Expectation

GREEN, RED, NOT_RUN = "as expected", "NOT AS EXPECTED", "not run"


@dataclass
class Verdict:
    cell: Cell
    state: str
    wrong: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    seconds: int = 0  # with the boot, without the making of the image if it was there
    date: str = ""


def judge(cell: Cell, expected: Expectation, found: dict[str, Any] | None, note: str) -> Verdict:
    """`note`: how the guest ended, if it did not end well."""
    if found is None:
        return Verdict(cell, RED, [note or "it said nothing"])
    wrong = [note] if note else []
    for family, name in expected.selected.items():
        if (has := found["selected"].get(family)) != name:
            wrong.append(f"{family}: {has or 'none'} is chosen; expected {name or 'none'}")
    has, wanted = set(found["missing"]), set(expected.missing)
    wrong += [f"{name} is not given; expected it to be" for name in sorted(has - wanted)]
    wrong += [f"{name} is given; expected it not to be" for name in sorted(wanted - has)]
    for flags in expected.runs:
        one = found.get("runs", {}).get(flags)
        if not one or not one["ran"]:
            wrong.append(f"run {flags}: {_last(one)}")
    for flags, reason in expected.refused.items():
        one = found.get("refused", {}).get(flags)
        if not one or one["status"] != 125 or reason not in one["said"]:
            wrong.append(f"run {flags} is not refused naming {reason!r}: {_last(one)}")
    if cell.tests:
        tests = found.get("tests", {"status": "not come to"})
        if tests["status"] != 0 or not tests.get("passed"):
            wrong.append(f"tests: {tests.get('failed', 0)} failed, {tests.get('passed', 0)} passed ({tests['status']})")
    return Verdict(cell, RED if wrong else GREEN, wrong, found)


def _last(one: dict[str, Any] | None) -> str:
    return " ".join(one["said"].split())[:300] if one else "not come to"


def line(verdict: Verdict) -> str:
    told = f"{verdict.cell.name:44} {verdict.state:16} {verdict.seconds:5} s"
    return "\n".join([told, *(f"    {wrong}" for wrong in verdict.wrong)])


def summary(verdicts: list[Verdict]) -> str:
    counts = [(state, sum(one.state == state for one in verdicts)) for state in (GREEN, RED, NOT_RUN)]
    return ", ".join(f"{count} {state}" for state, count in counts if count)


_HEAD = """\
# The matrix

What `ci/matrix report` wrote from the last run of every cell of [ci/matrix.toml](../ci/matrix.toml): this project on a
machine with a kernel, a cgroup layout and a privilege. In every cell the doctor surveys the host; the backends that it
selects and the promises that it gives are compared with the expected ones; containers are run, and refused, with the
flags that are expected to; where tests are counted, they are of tests/live. Seconds are of the whole cell, with the
boot, on two cores that others kept busy.

`um` is user-mode-linux 6.1: x86_64 only, and without time namespaces, cpuset, Landlock or AppArmor, so it cannot show
what these do. `debian` is Debian's package; the others are built by `ci/kernels.py` from linux-source-6.1 with options
left out. Every other machine is QEMU's, with the kernel and the root file system of that suite of Debian, without KVM.

CI runs the cells that `ci/matrix list --ci` shows: a few minutes in all, and nothing to fetch. QEMU's machines are run
by hand: a root file system takes one to two minutes to make, and a cell of x86_64 33 to 52 s on a machine that does
nothing else, minutes on one that does. A kernel with options left out took 9 minutes beside such work.

| machine | kernel | cgroups | as | taken away | chosen | promises not given | tests | s | date | |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def page(verdicts: list[Verdict]) -> str:
    rows = [_row(verdict) for verdict in verdicts]
    told = [f"- **{one.cell.name}** ({one.state}): {_why(one)}" for one in verdicts if _why(one)]
    single = ["", "## Said of single cells", "", *told] if told else []
    return _HEAD + "".join(rows) + "\n".join(["", summary(verdicts) + ".", *single, ""])


def _why(verdict: Verdict) -> str:
    wrong = [] if verdict.state != RED else [text.replace("\n", " ") for text in verdict.wrong]
    return " ".join([*([verdict.cell.because] if verdict.cell.because else []), "; ".join(wrong)]).strip()


def _row(verdict: Verdict) -> str:
    cell, found = verdict.cell, verdict.found
    selected = found.get("selected", {})
    tests = found.get("tests", {})
    release = found.get("kernel", "")
    columns = [
        cell.machine,
        f"{cell.kernel} {release}".strip(),
        cell.cgroups,
        "user" if cell.user else "root",
        cell.label,
        ", ".join(selected.get(family) or f"no {family}" for family in ("execution", "storage", "cgroups") if selected),
        ", ".join(found.get("missing", [])) or ("none" if found else ""),
        ", ".join(f"{tests[word]} {word}" for word in ("passed", "failed", "skipped") if tests.get(word)),
        str(verdict.seconds or ""),
        verdict.date,
        verdict.state,
    ]
    return f"| {' | '.join(columns)} |\n"
