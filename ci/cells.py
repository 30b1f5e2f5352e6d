"""`ci/matrix.toml`, read: machines, kernels, expectations, and cells: each a machine with a kernel and a setting."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Any

from ci.setting import HIERARCHIES, Setting

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "matrix.toml")
MODE_LINUX, PACKAGED = "um", "debian"  # the machine that is a process, and the one kernel of it that is not built here


READABLE = sys.version_info >= (3, 11)  # by this Python: CI's has what it takes, an older one tests without the matrix


class Unreadable(Exception):
    """The matrix, or this Python."""


@dataclass(frozen=True)
class Machine:
    """`options` are QEMU's for an empty board; `kernel` and `emulator` are Debian's packages; `memory` is in MiB."""

    options: str
    kernel: str
    console: str
    emulator: str
    suites: tuple[str, ...]
    memory: int = 1024


@dataclass(frozen=True)
class Expectation:
    """`missing`: every promise that is not given. `refused`: flags of `run`, and what its error has to name."""

    selected: dict[str, str]
    missing: tuple[str, ...] = ()
    runs: tuple[str, ...] = ("",)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """`tests`: arguments for pytest; empty: none. `because`: why it is as it is, for who reads the table."""

    machine: str
    kernel: str
    expect: str
    cgroups: str = "v2"
    user: bool = False
    label: str = ""
    append: str = ""
    sysctls: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    tests: str = ""
    timeout: float = 600
    ci: bool = False
    because: str = ""

    @property
    def setting(self) -> Setting:
        return Setting(self.cgroups, self.user, self.append, self.sysctls, self.without, self.timeout)

    @property
    def name(self) -> str:
        words = [self.machine, self.kernel, self.cgroups, "user" if self.user else "root", self.label]
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class Matrix:
    machines: dict[str, Machine]
    kernels: dict[str, tuple[str, ...]]
    expected: dict[str, Expectation]
    tests: dict[str, str]
    cells: tuple[Cell, ...]


def read(path: str = FILE) -> Matrix:
    """Unreadable, with what is wrong and where."""
    data = _data(path)
    try:
        matrix = Matrix(
            {name: Machine(**_frozen(entry)) for name, entry in data["machines"].items()},
            {name: tuple(options) for name, options in data["kernels"].items()},
            {name: Expectation(**_frozen(entry)) for name, entry in data["expected"].items()},
            dict(data["tests"]),
            tuple(Cell(**_frozen(entry)) for entry in data["cells"]),
        )
    except (KeyError, TypeError) as error:
        raise Unreadable(f"{path}: {error}") from error
    for cell in matrix.cells:
        _check(matrix, cell)
    return matrix


def _data(path: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib

        with open(path, "rb") as file:
            try:
                return tomllib.load(file)
            except tomllib.TOMLDecodeError as error:
                raise Unreadable(f"{path}: {error}") from error
    raise Unreadable(f"{path} is TOML, which Python reads since 3.11; this is {sys.version.split()[0]}")


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def _check(matrix: Matrix, cell: Cell) -> None:
    kernels = (PACKAGED, *matrix.kernels) if cell.machine == MODE_LINUX else _suites(matrix, cell)
    for kind, name, known in (
        ("kernel", cell.kernel, kernels),
        ("expectation", cell.expect, tuple(matrix.expected)),
        ("cgroup layout", cell.cgroups, tuple(HIERARCHIES)),
        ("set of tests", cell.tests or "-", ("-", *matrix.tests)),
    ):
        if name not in known:
            raise Unreadable(f"cell {cell.name!r}: no such {kind}: {name!r}; known are {', '.join(known)}")


def _suites(matrix: Matrix, cell: Cell) -> tuple[str, ...]:
    if cell.machine not in matrix.machines:
        raise Unreadable(f"cell {cell.name!r}: no such machine; known are {MODE_LINUX}, {', '.join(matrix.machines)}")
    return matrix.machines[cell.machine].suites
