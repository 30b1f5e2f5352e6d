"""Every way to run a container on this host: execution x storage x cgroups, as whoever calls it.

python3 ci/backends.py                    a container in every cell; refusals with their reasons
python3 ci/backends.py --suite            the suite of whole containers (tests/contract/execution.py) in every cell
python3 ci/backends.py --markdown FILE    also as a table, for docs/backends.md
python3 ci/backends.py --only copy        cells that have one of these words alone; may be repeated

The rows are the catalogue's: a backend that is added there is in it. The status is 1 if a cell breaks that the host's
report has nothing against. Kernels that this host does not have: `ci/matrix`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from backends import catalogue  # noqa: E402
from backends.guarantees import DEFAULT_DEMANDS, FAMILIES  # noqa: E402
from backends.requirements import told, unmet  # noqa: E402
from probes.report import HostReport  # noqa: E402
from runtime.engine import Engine  # noqa: E402
from runtime.settings import settle  # noqa: E402

_FAMILIES = ("execution", "storage", "cgroups")
RUNS, REFUSED, BROKEN = "runs", "refused", "broken"


@dataclass(frozen=True)
class Cell:
    """A backend of each family, and what is given up for them: what a person would have to name with --prefer."""

    execution: str
    storage: str
    cgroups: str
    lost: tuple[str, ...]

    @property
    def flags(self) -> list[str]:
        chosen = [f"{family}={getattr(self, family)}" for family in _FAMILIES]
        words = [word for name in chosen for word in ("--backend", name)]
        return [*words, "--prefer", ",".join(self.lost)] if self.lost else words


@dataclass(frozen=True)
class Result:
    state: str
    text: str = ""


def cells(report: HostReport, only: tuple[str, ...] = ()) -> Iterator[Cell]:
    names = [[entry.name for entry in catalogue.members(family)] for family in _FAMILIES]
    for execution in names[0]:
        for storage in names[1]:
            for cgroups in names[2]:
                chosen = (execution, storage, cgroups)
                if all(word in chosen for word in only):
                    yield Cell(*chosen, lost(report, chosen))


def lost(report: HostReport, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Promises that are required by default, and that these do not keep here."""
    gone: set[str] = set()
    for family, name in zip(_FAMILIES, chosen):
        kept = catalogue.find(family, name).guarantees(report)
        gone |= (DEFAULT_DEMANDS.require & FAMILIES[family]) - kept
    return tuple(sorted(gone))


def refusal(cell: Cell, report: HostReport) -> str:
    """Why this host's report has something against it; empty if it has nothing."""
    reasons = []
    for family in _FAMILIES:
        name = getattr(cell, family)
        needed = unmet(catalogue.find(family, name).requirements, report)
        if needed:
            reasons.append(f"{name}: {told(needed)[0]}")
    return "; ".join(reasons)


def attempt(cell: Cell, folder: str, report: HostReport, suite: bool) -> Result:
    reason = refusal(cell, report)
    if reason:
        return Result(REFUSED, reason)
    return _suite(cell) if suite else _container(cell, folder)


def _container(cell: Cell, folder: str) -> Result:
    place = ["--root", f"{folder}/{cell.storage}", "--state", f"{folder}/state-{cell.storage}"]
    command = [sys.executable, "-m", "runtime.cli.main", *place, "run", "--rm", "--network", "none", *cell.flags]
    done = subprocess.run(
        [*command, "@host", "sh", "-c", "echo runs >/file; cat /file"], cwd=ROOT, capture_output=True, text=True
    )
    if (done.returncode, done.stdout) == (0, "runs\n"):
        return Result(RUNS)
    lines = [line.strip() for line in done.stderr.splitlines() if line and not line.startswith(("Notice", "Hint"))]
    foreseen = any("cannot run the container as asked" in line or "config.json: " in line for line in lines)
    chosen = tuple(f"{getattr(cell, family)}: " for family in _FAMILIES)
    said = [line for line in lines if line.startswith(chosen) and "works here" not in line]
    return Result(REFUSED if foreseen else BROKEN, "; ".join(said or lines).replace("Error: ", ""))


def _suite(cell: Cell) -> Result:
    settings = {"RUNTIME_STORAGE": cell.storage, "RUNTIME_CGROUPS": cell.cgroups}
    given_up = json.dumps({"isolation": {"prefer": list(cell.lost)}})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(given_up)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"{cell.execution} and not without",
             "tests/live/test_execution.py"],
            cwd=ROOT, env={**os.environ, **settings, "RUNTIME_CONFIG": file.name}, capture_output=True, text=True,
        )  # fmt: skip
    last = done.stdout.splitlines()[-1] if done.stdout else done.stderr
    return Result(RUNS if done.returncode == 0 else BROKEN, last)


def table(results: list[tuple[Cell, Result]]) -> list[str]:
    """Cells that are refused for the same reason in one row, where they are first met."""
    lines = ["| execution | storage | cgroups | here |", "| --- | --- | --- | --- |"]
    told_already: set[str] = set()
    for cell, result in results:
        if result.state != REFUSED:
            lines.append(row(cell, result))
        elif result.text not in told_already:
            told_already.add(result.text)
            same = [other for other, its in results if its == result]
            columns = [sorted({getattr(other, family) for other in same}) for family in _FAMILIES]
            names = [column[0] if len(column) == 1 else "any of them" for column in columns]
            lines.append(f"| {' | '.join(names)} | refused: {result.text} |")
    return lines


def row(cell: Cell, result: Result) -> str:
    given_up = f" without {', '.join(cell.lost)}" if cell.lost and result.state == RUNS else ""
    text = f": {result.text}" if result.text else ""
    return f"| {cell.execution} | {cell.storage} | {cell.cgroups} | {result.state}{given_up}{text} |"


def main() -> int:
    parser = argparse.ArgumentParser(description="Tries every combination of backends on this host.")
    parser.add_argument("--suite", action="store_true", help="the whole suite in every cell, not one container")
    parser.add_argument("--markdown", metavar="FILE", default="", help="write the table there, too")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="cells with this backend alone")
    given = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="runtime-backends-", dir="/var/tmp")
    results: list[tuple[Cell, Result]] = []
    try:
        report = Engine(settle(f"{folder}/report", f"{folder}/report-state")).report()
        for cell in cells(report, tuple(given.only)):
            results.append((cell, attempt(cell, folder, report, given.suite)))
            print(row(*results[-1]), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if given.markdown:
        with open(given.markdown, "w", encoding="utf-8") as file:
            file.write("\n".join(table(results)) + "\n")
    return int(any(result.state == BROKEN for _, result in results))


if __name__ == "__main__":
    sys.exit(main())
