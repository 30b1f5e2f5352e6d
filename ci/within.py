"""What one cell of the matrix does inside its guest; leaves outcome.json, host.json and doctor.txt in $RESULTS.

    python3 ci/within.py WISH           `runs` and `refused` are flags of `runtime run`, `tests` arguments for pytest

Says what it found, and judges nothing: ci/matrix compares. Runs on any Python that the program itself runs on.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from backends.guarantees import FAMILIES, GUARANTEES
from backends.selection import consider_all
from probes import snapshot
from probes.survey import survey

RESULTS = os.environ["RESULTS"]
SAYS, STATUS = "runs on " + os.uname().machine, 7  # of the container that is run


def runtime(*arguments: str, seconds: float = 900) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli.main", *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=seconds)  # fmt: skip


def look() -> dict[str, Any]:
    """What the doctor finds, and what is chosen from it."""
    record = f"{RESULTS}/host.json"
    done = runtime("doctor", "--record", record)
    with open(f"{RESULTS}/doctor.txt", "w", encoding="utf-8") as file:
        file.write(done.stdout + done.stderr)
    host = snapshot.load(record)
    chosen = consider_all(survey(host, host.store))
    given: set[str] = set()
    for selection in chosen.values():
        given.update(*(v.guarantees for v in selection.verdicts if v.backend == selection.chosen))
    return {
        "doctor": done.returncode,
        "selected": {family: selection.chosen or "" for family, selection in chosen.items()},
        # Of a family that has nothing to choose, nothing is promised: that is told by `selected`.
        "missing": [
            name
            for name in GUARANTEES
            if name not in given
            and all(selection.chosen for family, selection in chosen.items() if name in FAMILIES[family])
        ],
    }


def start(flags: str) -> dict[str, Any]:
    """A container of this machine's own programs."""
    words = ["run", "--rm", *(["--network", "none"] if "--network" not in flags else []), *shlex.split(flags)]
    began = time.monotonic()
    done = runtime(*words, "@host", "sh", "-c", f"echo runs on $(uname -m); exit {STATUS}")
    return {
        "ran": (done.returncode, done.stdout) == (STATUS, SAYS + "\n"),
        "status": done.returncode,
        "said": (done.stdout + done.stderr)[-1500:],
        "seconds": round(time.monotonic() - began, 1),
    }


def test(arguments: str) -> dict[str, Any]:
    # Not this project's settings for pytest: an old one does not know them all.
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", ".", "--import-mode=importlib"]
    command += ["-p", "no:cacheprovider", "--color=no", "--tb=short", *shlex.split(arguments)]
    command += ["-W", "ignore", "-rs"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    with open(f"{RESULTS}/tests.txt", "w", encoding="utf-8") as file:
        file.write(done.stdout)
    print(done.stdout[-6000:], flush=True)
    counted = re.findall(r"(\d+) (passed|failed|error|skipped)", done.stdout)
    return {"status": done.returncode, **{word: int(number) for number, word in counted}}


def main() -> None:
    wish = json.loads(sys.argv[1])
    outcome: dict[str, Any] = {"kernel": os.uname().release, "machine": os.uname().machine,
                               "python": sys.version.split()[0]}  # fmt: skip

    def note(**found: Any) -> None:
        outcome.update(found)
        with open(f"{RESULTS}/outcome.json", "w", encoding="utf-8") as file:
            json.dump(outcome, file, indent=1)

    note(**look())
    print(json.dumps(outcome), flush=True)
    for kind in ("runs", "refused"):
        found = {}
        for flags in wish[kind]:
            found[flags] = start(flags)
            print(kind, repr(flags), json.dumps(found[flags]), flush=True)
        note(**{kind: found})
    if wish["tests"]:
        note(tests=test(wish["tests"]))


if __name__ == "__main__":
    main()
