"""What each recorded host is expected to come to; run as a program it writes the files anew, to be read as a diff."""

from __future__ import annotations

import functools
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from backends.contract import Selection  # noqa: E402
from backends.selection import consider_all  # noqa: E402
from probes import snapshot  # noqa: E402
from probes.report import HostReport  # noqa: E402
from probes.survey import survey  # noqa: E402
from runtime.doctor.diagnosis import diagnose  # noqa: E402
from runtime.doctor.text import render  # noqa: E402

NAMES = tuple(sorted(name[: -len(".json")] for name in os.listdir(HERE) if name.endswith(".json")))
SELECTIONS = os.path.join(HERE, "expected")
TEXTS = os.path.join(ROOT, "tests", "runtime", "doctor", "expected")
WIDTH = 100


def path(name: str) -> str:
    return os.path.join(HERE, f"{name}.json")


@functools.cache
def report(name: str) -> HostReport:
    host = snapshot.load(path(name))
    return survey(host, host.store)


def selections(found: HostReport) -> str:
    """What is chosen on a host, and what its containers are promised."""
    return "".join(_selection(family, selection) for family, selection in consider_all(found).items())


def _selection(family: str, selection: Selection) -> str:
    lines = [f"{family}: {selection.chosen or '(none)'}", f"  because: {selection.because}"]
    for verdict in selection.verdicts:
        if verdict.backend == selection.chosen:
            lines.append(f"  promises: {', '.join(sorted(verdict.guarantees)) or 'nothing'}")
        else:
            lines += [f"  {verdict.backend}: {reason}" for reason in verdict.reasons]
    return "\n".join([*lines, *(f"  given up: {line}" for line in selection.given_up)]) + "\n"


def text(found: HostReport) -> str:
    return render(diagnose(found, consider_all(found)), WIDTH)


def main() -> None:
    for folder, make in ((SELECTIONS, selections), (TEXTS, text)):
        os.makedirs(folder, exist_ok=True)
        for name in NAMES:
            with open(os.path.join(folder, f"{name}.txt"), "w", encoding="utf-8") as file:
                file.write(make(report(name)))


if __name__ == "__main__":
    main()
