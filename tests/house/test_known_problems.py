"""docs/known-problems.md names tests: each of them exists, and no row claims what nothing holds."""

from __future__ import annotations

import re

import pytest

from tests.house.sources import text

STATES = ("kept", "partly", "missing")


def rows() -> list[list[str]]:
    lines = text("docs/known-problems.md").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if re.match(r"\| [0-9]", line)]


def named(cell: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`", cell)


def test_every_problem_has_its_row() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, 43))
    assert {len(row) for row in rows()} == {5}


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row[0]))
def test_every_test_that_is_named_exists(row: list[str]) -> None:
    for path, name in named(row[4]):
        assert f"def {name}(" in text(path), f"{path} has no {name}"
    assert len(named(row[4])) == row[4].count("`") // 2


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row[0]))
def test_what_is_claimed_is_held_by_something(row: list[str]) -> None:
    assert row[2].startswith(STATES)
    assert named(row[4]) or row[2] == "missing"
