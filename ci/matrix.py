"""Runs the cells of ci/matrix.toml, compares each with what is expected of it, and keeps what came out.

    ci/matrix list [WORD...]
    ci/matrix run [--ci] [WORD...]      the cells whose names hold every word: a cell, a row, or all
    ci/matrix report                    writes docs/matrix.md from the last runs of all cells

Exit status: 0 if all are as expected, 1 if one is not, 3 if one could not be run. With --ci, a cell for which this
machine lacks what boots it is told and not counted: it says nothing about this project.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from ci import cells, console, guest, images, kernels, machine, roots, verdict  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "matrix.md")


def kept(cell: cells.Cell) -> str:
    """The folder with what came out of the last run."""
    return f"{images.cache()}/matrix/{cell.name.replace(' ', '-')}"


def chosen(matrix: cells.Matrix, words: list[str], ci: bool = False) -> list[cells.Cell]:
    wanted = [word for word in words if word != "all"]
    return [cell for cell in matrix.cells if (cell.ci or not ci) and set(wanted) <= set(cell.name.split())]


def run(matrix: cells.Matrix, cell: cells.Cell, verbose: bool = False) -> verdict.Verdict:
    expected = matrix.expected[cell.expect]
    tests = matrix.tests.get(cell.tests, "")
    wish = json.dumps({"runs": expected.runs, "refused": list(expected.refused), "tests": tests})
    began, date = time.monotonic(), time.strftime("%Y-%m-%d")
    with tempfile.TemporaryDirectory(prefix="matrix-", dir="/var/tmp") as results:
        os.chmod(results, 0o777)
        try:
            status, said = _boot(matrix, cell, wish, results, verbose)
            note = "" if status == 0 else "\n".join(said.splitlines()[-15:])
        except (roots.NotFetched, kernels.WrongConfiguration, FileNotFoundError) as error:
            return verdict.Verdict(cell, verdict.NOT_RUN, [str(error)], date=date)
        except subprocess.CalledProcessError as error:
            return verdict.Verdict(cell, verdict.NOT_RUN, [f"its image was not made: {error}"], date=date)
        found = _outcome(f"{results}/outcome.json")
        shutil.rmtree(kept(cell), ignore_errors=True)
        shutil.copytree(results, kept(cell))
    made = verdict.judge(cell, expected, found, note)
    made.seconds, made.date = round(time.monotonic() - began), date
    with open(f"{kept(cell)}/verdict.json", "w", encoding="utf-8") as file:
        json.dump({"state": made.state, "wrong": made.wrong, "seconds": made.seconds, "date": date}, file, indent=1)
    return made


def _boot(matrix: cells.Matrix, cell: cells.Cell, wish: str, results: str, verbose: bool) -> tuple[int, str]:
    show = sys.stdout.write if verbose else (lambda text: None)
    command = ["python3", "ci/within.py", wish]
    if cell.machine == cells.MODE_LINUX:
        packaged = cell.kernel == cells.PACKAGED
        kernel = shutil.which(guest.KERNEL) if packaged else kernels.path(cell.kernel)
        if not kernel or not os.path.exists(kernel):
            how = "install Debian's package user-mode-linux" if packaged else f"ci/kernels.py build {cell.kernel}"
            raise FileNotFoundError(f"the kernel is not here: {how}")
        os.chdir(ROOT)
        return guest.boot([sys.executable, *command[1:]], cell.setting, kernel, show=show, results=results)
    for program, package in roots.missing(cell.machine, matrix.machines[cell.machine]):
        raise FileNotFoundError(f"there is no {program} here: install Debian's package {package}")
    return machine.run(cell.machine, cell.kernel, command, cell.setting, show, results)


def _outcome(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
            return found
    except (OSError, ValueError):
        return None


def last(cell: cells.Cell, matrix: cells.Matrix) -> verdict.Verdict:
    """The last run of a cell, judged by what is expected of it today."""
    said = _outcome(f"{kept(cell)}/verdict.json")
    if said is None:
        return verdict.Verdict(cell, verdict.NOT_RUN, ["not run yet"])
    made = verdict.judge(cell, matrix.expected[cell.expect], _outcome(f"{kept(cell)}/outcome.json"), "")
    made.seconds, made.date = said["seconds"], said["date"]
    return made


def _run_all(matrix: cells.Matrix, wanted: list[cells.Cell], ci: bool, verbose: bool) -> int:
    made = []
    for cell in wanted:
        made.append(run(matrix, cell, verbose))
        print(verdict.line(made[-1]), flush=True)
    print(verdict.summary(made))
    states = {one.state for one in made}
    if verdict.RED in states:
        return 1
    return 3 if verdict.NOT_RUN in states and not ci else 0


def main() -> int:
    console.end_cleanly()
    parser = argparse.ArgumentParser(prog="ci/matrix", description="run this project on many kernels and machines")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("report", help="write docs/matrix.md from the last runs")
    for name, told in (("list", "the cells"), ("run", "run some, and say how each came out")):
        one = commands.add_parser(name, help=told)
        one.add_argument("--ci", action="store_true", help="those that CI runs")
        one.add_argument("--verbose", action="store_true", help="with what the guests say")
        one.add_argument("word", nargs="*")
    given = parser.parse_args()
    try:
        matrix = cells.read()
    except cells.Unreadable as error:
        print(f"matrix: {error}", file=sys.stderr)
        return 0 if getattr(given, "ci", False) and not cells.READABLE else 3
    if given.command == "report":
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(verdict.page([last(cell, matrix) for cell in matrix.cells]))
        return 0
    wanted = chosen(matrix, given.word, given.ci)
    if given.command == "list":
        for cell in wanted:
            print(f"{cell.name:44} {cell.expect}{', CI' if cell.ci else ''}")
        return 0
    if not wanted:
        print(f"matrix: no cell has all of: {' '.join(given.word)}; ci/matrix list shows them", file=sys.stderr)
        return 3
    return _run_all(matrix, wanted, given.ci, given.verbose)


if __name__ == "__main__":
    sys.exit(main())
