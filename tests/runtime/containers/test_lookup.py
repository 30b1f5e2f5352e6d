from __future__ import annotations

import os

import pytest

from runtime.containers import lookup, names
from runtime.containers import record as containers
from runtime.errors import Ambiguous, Damaged, UnknownContainer
from runtime.paths import Paths

ONE = "ab" * 32
TWO = "ac" * 32


def make(paths: Paths, identifier: str, name: str, created: str = "2026-01-01T00:00:00Z") -> None:
    os.mkdir(paths.container(identifier))
    names.reserve(paths, name, identifier)
    containers.store(paths, {"id": identifier, "name": name, "phase": "created", "created": created})


def test_a_container_is_found_by_name_by_identifier_and_by_its_beginning(paths: Paths) -> None:
    make(paths, ONE, "web")
    assert [lookup.resolve(paths, text) for text in ("web", ONE, "ab", ONE[:12])] == [ONE] * 4


def test_a_name_goes_before_the_beginning_of_an_identifier(paths: Paths) -> None:
    make(paths, ONE, "ac")
    make(paths, TWO, "other")
    assert lookup.resolve(paths, "ac") == ONE


def test_a_beginning_that_fits_two_is_refused(paths: Paths) -> None:
    make(paths, ONE, "one")
    make(paths, TWO, "two")
    with pytest.raises(Ambiguous, match="2 containers"):
        lookup.resolve(paths, "a")


@pytest.mark.parametrize("reference", ["", "nobody", "../x", "..", "."])
def test_what_is_not_there_is_said_to_be_unknown(paths: Paths, reference: str) -> None:
    make(paths, ONE, "one")
    with pytest.raises(UnknownContainer):
        lookup.resolve(paths, reference)


def test_all_are_listed_the_newest_first(paths: Paths) -> None:
    make(paths, ONE, "older", "2025-01-01T00:00:00Z")
    make(paths, TWO, "newer", "2026-01-01T00:00:00Z")
    assert [record["name"] for record in lookup.everything(paths)[0]] == ["newer", "older"]


def test_a_damaged_record_is_told_and_hides_no_other(paths: Paths) -> None:
    make(paths, ONE, "one")
    make(paths, TWO, "two")
    with open(paths.record(TWO), "w") as file:
        file.write('{"schema": 1, "id"')
    found, damaged = lookup.everything(paths)
    assert [record["name"] for record in found] == ["one"]
    assert [type(error) for error in damaged] == [Damaged]
