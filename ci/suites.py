"""Runs a suite of bats files, found in a folder, against several runtimes, and prints the counts side by side.

    python3 ci/suites.py DIRECTORY --runtime .venv/bin/runtime-oci --runtime /usr/sbin/runc [--only state --only kill]

Such as runc's own, tests/integration of its source: bats has to be installed, and what the suite itself wants (its
images and small programs) has to be there. Each runtime is called through a link named runc, whose path is $RUNC. Each
file runs with a terminal of its own, as under `docker run -t`, and what it leaves behind is reaped. The output of each
file is kept in --output, one folder a runtime.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import pty
import sys
import tempfile
import termios
import threading

_SUBREAPER = 36
_COUNTED = ("passed", "failed", "skipped")


def count(tap: str) -> dict[str, int]:
    """Of the Test Anything Protocol; what the plan promises and did not come has failed."""
    found = dict.fromkeys(_COUNTED, 0)
    planned = 0
    for line in tap.splitlines():
        if line.startswith("1.."):
            planned = int(line[3:].split()[0])
        elif line.startswith("not ok "):
            found["failed"] += 1
        elif line.startswith("ok "):
            found["skipped" if "# skip" in line else "passed"] += 1
    found["failed"] += max(0, planned - sum(found.values()))
    return found


def run(suite: str, name: str, runtime: str, folder: str, limit: int) -> dict[str, int]:
    """One file of the suite; `folder` gets its output."""
    os.makedirs(f"{folder}/tmp", exist_ok=True)
    tap = f"{folder}/{name}.tap"
    environment = {**os.environ, "RUNC": runtime, "TMPDIR": f"{folder}/tmp", "TERM": "xterm"}
    command = ["timeout", "--foreground", "-k", "5", str(limit), "bats", "--formatter", "tap", f"{name}.bats"]
    master, slave = pty.openpty()
    keeper = os.fork()
    if not keeper:
        _keep(command, environment, suite, tap, slave)
    os.close(slave)
    threading.Thread(target=_drain, args=(master,), daemon=True).start()
    os.waitpid(keeper, 0)
    with open(tap, encoding="utf-8", errors="replace") as file:
        return count(file.read())


def _keep(command: list[str], environment: dict[str, str], suite: str, tap: str, terminal: int) -> None:
    """Adopts what the suite's processes leave, so that none stays a zombie; never returns."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if not child:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        output = os.open(tap, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for number, descriptor in enumerate((terminal, output, output)):
            os.dup2(descriptor, number)
        os.closerange(3, 256)
        os.chdir(suite)
        os.execvpe(command[0], command, environment)
    while os.wait()[0] != child:
        pass
    os._exit(0)


def _drain(master: int) -> None:
    try:
        while os.read(master, 65536):
            pass
    except OSError:
        os.close(master)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--runtime", action="append", required=True, help="path; each once or more")
    parser.add_argument("--only", action="append", help="name of a file, without .bats")
    parser.add_argument("--output", default="", help="folder for what the files said")
    parser.add_argument("--limit", type=int, default=300, help="seconds that a file may take")
    wishes = parser.parse_args()
    suite = os.path.abspath(wishes.directory)
    output = os.path.abspath(wishes.output or tempfile.mkdtemp(prefix="suites-"))
    names = wishes.only or sorted(name[:-5] for name in os.listdir(suite) if name.endswith(".bats"))
    folders = {f"{output}/{number}": path for number, path in enumerate(wishes.runtime)}
    for folder, path in folders.items():
        os.makedirs(folder, exist_ok=True)
        os.symlink(os.path.abspath(path), f"{folder}/runc")
    total = {folder: dict.fromkeys(_COUNTED, 0) for folder in folders}
    print(f"{'':24}" + "".join(f"{os.path.basename(path):>32}" for path in folders.values()))
    for name in names:
        line = f"{name:24}"
        for folder in folders:
            found = run(suite, name, f"{folder}/runc", folder, wishes.limit)
            line += f"{_shown(found):>32}"
            total[folder] = {key: total[folder][key] + found[key] for key in _COUNTED}
        print(line, flush=True)
    print(f"{'total':24}" + "".join(f"{_shown(found):>32}" for found in total.values()))
    print(f"what they said is in {output}", file=sys.stderr)


def _shown(found: dict[str, int]) -> str:
    return ", ".join(f"{found[key]} {key}" for key in _COUNTED)


if __name__ == "__main__":
    main()
