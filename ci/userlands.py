"""Runs the unit tests with every Python that is here, and with the oldest and the newest releases of what we depend on.

    python3 ci/userlands.py list
    python3 ci/userlands.py run [VERSION...] [--set oldest|newest] [--tests "tests/arch tests/probes"]

Interpreters are programs: python3.9 to python3.14 on PATH, in pyenv's folder, or named by --python. The oldest releases
are the lower bounds of pyproject.toml, or the first one after them that has a wheel for that Python. Each pair gets an
environment of its own in the cache of ci/images.py. docs/userlands.md has what came out.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from ci import dependencies, images, interpreter  # noqa: E402

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
SETS = {"oldest": "lowest-direct", "newest": "highest"}
WITNESSES = ("pytest", "pytest-xdist", "hypothesis")
# Of click 8.0 itself, on Python 3.13 and later.
FORGIVEN = "ignore:'count' is passed as positional argument:DeprecationWarning"
TESTS = ("tests/arch", "tests/probes", "tests/backends", "tests/runtime")


@dataclass(frozen=True)
class Userland:
    version: str
    program: str
    choice: str  # of SETS

    @property
    def folder(self) -> str:
        with open(dependencies.PROJECT, "rb") as file:
            key = hashlib.sha256(file.read() + self.program.encode()).hexdigest()[:12]
        return f"{images.cache()}/userland-{self.version}-{self.choice}-{key}"


def programs(named: tuple[str, ...] = ()) -> dict[str, str]:
    """The interpreter of each version that is here. One that is named goes before one that is found."""
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    found: dict[str, str] = {}
    for version in VERSIONS:
        places = [shutil.which(f"python{version}"), *sorted(glob.glob(f"{pyenv}/versions/{version}.*/bin/python"))]
        working = [place for place in places if place and version_of(place) == version]
        if working:
            found[version] = working[0]
    found.update({version_of(program): program for program in named})
    return found


def version_of(program: str) -> str:
    """Such as 3.9; empty of what does not start, as a shim of pyenv may not."""
    told = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([program, "-c", told], capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return ""
    return done.stdout.strip()


def prepare(userland: Userland) -> str:
    """The environment's interpreter. CalledProcessError, with uv's words on stderr."""
    folder = userland.folder
    python = f"{folder}/bin/python"
    if os.path.exists(f"{folder}/ready"):
        return python
    uv = f"{interpreter.tool('uv')}/bin/uv"
    shutil.rmtree(folder, ignore_errors=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "--only-binary", ":all:"]
    environment = {**os.environ, "UV_CACHE_DIR": f"{images.cache()}/uv"}
    for command in (
        [uv, "venv", "--quiet", "--python", userland.program, folder],
        [*install, *WITNESSES],
        [*install, "--resolution", SETS[userland.choice], *_ours()],
    ):
        subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    with open(f"{folder}/ready", "w", encoding="ascii"):
        return python


def installed(python: str) -> str:
    names = [re.split(r"[><=!~ ]", line)[0] for line in _ours()]
    told = f"from importlib.metadata import version; print(', '.join(n + ' ' + version(n) for n in {names!r}))"
    return subprocess.run([python, "-c", told], check=True, capture_output=True, text=True).stdout.strip()


def _ours() -> list[str]:
    with open(dependencies.PROJECT, encoding="utf-8") as file:
        return dependencies.requirements(file.read())


def run(userland: Userland, arguments: list[str], jobs: int = 2) -> tuple[int, str]:
    """pytest's status, and a row of the table."""
    python = prepare(userland)
    began = time.monotonic()
    command = [python, "-m", "pytest", "-q", "-m", "not live", "-n", str(jobs), "-W", FORGIVEN]
    command += ["-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(done.stdout[-8000:], file=sys.stderr)
    counts = ", ".join(re.findall(r"\d+ (?:passed|failed|errors?|skipped)", done.stdout.strip().rpartition("\n")[2]))
    seconds = round(time.monotonic() - began)
    row = f"| {userland.version} | {userland.choice}: {installed(python)} | {counts or 'nothing ran'} | {seconds} s |"
    return done.returncode, row


def main() -> int:
    parser = argparse.ArgumentParser(prog="ci/userlands.py", description="run the unit tests with other Pythons")
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("list", help="the interpreters that are here")
    one = commands.add_parser("run", help="run the tests, and print a table")
    one.add_argument("versions", nargs="*", metavar="VERSION", help="such as 3.9; all that are here if none is named")
    one.add_argument("--set", choices=tuple(SETS), action="append", help="of releases; both if none is named")
    one.add_argument("--python", action="append", default=[], metavar="PROGRAM", help="an interpreter more")
    one.add_argument("--tests", default=" ".join(TESTS), help="arguments for pytest")
    given = parser.parse_args()
    if given.what == "list":
        for version, program in programs().items():
            print(version, program)
        return 0
    found = programs(tuple(given.python))
    missing = [version for version in given.versions if version not in found]
    if missing:
        parser.error(f"no Python {', '.join(missing)} is here: there is {', '.join(found)}")
    print("| Python | releases | unit tests | time |\n| --- | --- | --- | --- |", flush=True)
    worst = 0
    for version in given.versions or found:
        for choice in given.set or SETS:
            status, row = run(Userland(version, found[version], choice), given.tests.split())
            print(row, flush=True)
            worst = max(worst, status)
    return worst


if __name__ == "__main__":
    sys.exit(main())
