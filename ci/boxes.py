"""Tries this checkout on the machines of vagrant/machines, and brings back what was found there.

    python3 ci/boxes.py list
    python3 ci/boxes.py pack                                      what a machine is given, into dist/vagrant
    python3 ci/boxes.py try NAME... [--provider libvirt] [--keep]

`try` packs, starts the machine with Vagrant (vagrant/provision.sh does the rest in it), puts its findings into
dist/vagrant/results/NAME, and destroys it unless it is to be kept. vagrant/README.md says what is needed.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    sys.path.insert(0, ROOT)

from ci import bundle, interpreter  # noqa: E402

LUGGAGE = f"{ROOT}/dist/vagrant"
ARCHITECTURE = "x86_64"  # what all of these boxes are published for
OLDEST = "3.9"
# pytest and hypothesis with what they want from any Python since OLDEST; all of it is pure Python.
PACKAGES = ("pytest", "hypothesis", "exceptiongroup", "tomli", "typing_extensions")
# Of what the one file leaves out of the standard library, what no test runner wants either.
UNWANTED = ("site-packages", "dist-packages", "test", "idlelib", "tkinter", "turtledemo", "ensurepip", "config-*")


@dataclass(frozen=True)
class Box:
    """A line of the file vagrant/machines, which says what each word is."""

    name: str
    box: str
    version: str
    providers: tuple[str, ...]
    kernel: str
    python: str


class Unreadable(Exception):
    """A line that says too little, or too much."""


def parse(text: str) -> dict[str, Box]:
    found: dict[str, Box] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 6 or words[0] in found:
            raise Unreadable(
                f"vagrant/machines:{number}: six words of a machine that has no line yet are wanted: {line}"
            )
        name, box, version, providers, kernel, python = words
        found[name] = Box(name, box, version, tuple(providers.split(",")), kernel, python)
    return found


def read() -> dict[str, Box]:
    with open(f"{ROOT}/vagrant/machines", encoding="utf-8") as file:
        return parse(file.read())


# ------------------------------------------------------------------------------------------------- what they are given


def pack() -> None:
    """CalledProcessError, with the words of git, pip or apt on stderr."""
    os.makedirs(LUGGAGE, exist_ok=True)
    bundle.build(ARCHITECTURE, interpreter.SUITE, f"{LUGGAGE}/runtime")
    with tempfile.TemporaryDirectory(prefix="boxes-") as folder:
        _fetch_packages(f"{folder}/packages")
        _take_standard(f"{folder}/standard")
        _archive(f"{LUGGAGE}/library.tar.gz", folder, ["packages", "standard"])
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE).stdout
    names = sorted({name for name in os.fsdecode(listed).split("\0") if os.path.isfile(f"{ROOT}/{name}")})
    _archive(f"{LUGGAGE}/checkout.tar.gz", ROOT, names)


def _archive(target: str, folder: str, names: list[str]) -> None:
    command = ["tar", "-C", folder, "--owner=0", "--group=0", "--format=gnu", "-czf", target]
    subprocess.run([*command, "--null", "--files-from=-"], check=True, input="\0".join(names).encode())


def _fetch_packages(target: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", target]
    command += ["--python-version", OLDEST, "--only-binary", ":all:", *PACKAGES]
    subprocess.run(command, check=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})


def _take_standard(target: str) -> None:
    """The modules of the standard library that the one file has no use for, and pytest has."""
    suite = interpreter.SUITE
    library = f"{interpreter.packages(ARCHITECTURE, suite)}/usr/lib/python{interpreter.PYTHONS[suite]}"
    os.mkdir(target)
    for name in sorted(os.listdir(library)):
        if not _matches(name, interpreter.LEFT_OUT) or _matches(name, UNWANTED):
            continue
        if not os.path.exists(f"{library}/{name}"):
            continue  # a link to a file of another package
        if os.path.isdir(f"{library}/{name}"):
            shutil.copytree(f"{library}/{name}", f"{target}/{name}", ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(f"{library}/{name}", target)
    for name in os.listdir(f"{library}/lib-dynload"):
        if name.startswith("_ctypes."):  # its library is in the one file, for cffi
            shutil.copy(f"{library}/lib-dynload/{name}", target)


def _matches(name: str, patterns: tuple[str, ...] | list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


# ------------------------------------------------------------------------------------------------------ trying them


def attempt(box: Box, provider: str, keep: bool) -> bool:
    """Whether the machine came up and its host was recorded; what it found is in the folder that is printed."""
    results = f"{LUGGAGE}/results/{box.name}"
    shutil.rmtree(results, ignore_errors=True)
    os.makedirs(results)
    _vagrant("up", box.name, "--provider", provider, "--provision")
    sent = _vagrant("ssh", box.name, "--no-tty", "-c", "sudo tar -C /var/tmp/results -cf - .", output=subprocess.PIPE)
    subprocess.run(["tar", "-xf", "-", "-C", results, "--no-same-owner"], check=False, input=sent)
    if not keep:
        _vagrant("destroy", "--force", box.name)
    print(f"{box.name}: {summary(results)}\n  in {results}")
    return os.path.exists(f"{results}/host.json")


def _vagrant(*words: str, output: int | None = None) -> bytes:
    """What it wrote, if that is piped. What fails says so itself, and what came back tells how far it went."""
    return subprocess.run(["vagrant", *words], check=False, cwd=f"{ROOT}/vagrant", stdout=output).stdout or b""


def summary(results: str) -> str:
    try:
        with open(f"{results}/outcome.json", encoding="utf-8") as file:
            outcome = json.load(file)
    except FileNotFoundError:
        return "nothing came back"
    ran = sum(found["ran"] for found in outcome.get("runs", {}).values())
    tests = outcome.get("tests", {})
    counts = ", ".join(f"{tests[word]} {word}" for word in ("passed", "failed", "error", "skipped") if word in tests)
    chosen = " ".join(name or "(none)" for name in outcome["selected"].values())
    said = f"Linux {outcome['kernel']}, Python {outcome['python']}: {chosen}; "
    return f"{said}{ran} of {len(outcome.get('runs', {}))} containers ran; tests: {counts or 'none'}"


def _list(boxes: dict[str, Box]) -> None:
    for box in boxes.values():
        python = box.python if box.python != "-" else "(one file)"
        print(f"{box.name:14} {box.box:28} {', '.join(box.providers):20} Linux {box.kernel:8} {python}")


def main() -> int:
    boxes = read()
    parser = argparse.ArgumentParser(prog="ci/boxes.py", description="try this checkout on machines of Vagrant")
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("list", help="the machines")
    commands.add_parser("pack", help="make what a machine is given")
    one = commands.add_parser("try", help="start machines, run the suites there, bring back what was found")
    one.add_argument("names", nargs="+", choices=tuple(boxes), metavar="NAME")
    one.add_argument("--provider", choices=("libvirt", "virtualbox", "qemu"), default="libvirt")
    one.add_argument("--keep", action="store_true", help="do not destroy the machine afterwards")
    given = parser.parse_args()
    if given.what == "list":
        _list(boxes)
        return 0
    pack()
    if given.what == "pack":
        return 0
    outcomes = [attempt(boxes[name], given.provider, given.keep) for name in given.names]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
