"""Properties of a unit from annotations."""

from __future__ import annotations

from typing import Any

import pytest

from backends.cgroups.systemd.annotations import parse, properties
from backends.errors import CgroupError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'inactive-or-failed'", ("s", "inactive-or-failed")),
        ('"it\'s"', ("s", "it's")),
        ("true", ("b", True)),
        ("uint64 123456789", ("t", 123456789)),
        ("42", ("i", 42)),
        ("1.5", ("d", 1.5)),
        ("['a.service', 'b.service']", ("as", ["a.service", "b.service"])),
        ("[uint64 1, uint64 2]", ("at", [1, 2])),
    ],
)
def test_values_are_gvariants(text: str, value: tuple[str, Any]) -> None:
    assert parse(text) == value


def test_seconds_go_by_another_name() -> None:
    given = {
        "org.systemd.property.TimeoutStopSec": "90",
        "org.systemd.property.RuntimeMaxUSec": "uint64 5",
        "other": "x",
    }
    assert properties(given) == [("TimeoutStopUSec", ("t", 90_000_000)), ("RuntimeMaxUSec", ("t", 5))]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("Collect-Mode", "true"),
        ("AB", "true"),
        ("CollectMode", "nothing"),
        ("TimeoutStopSec", "'x'"),
        ("Wants", "[1, true]"),
    ],
)
def test_what_is_no_property_is_refused_by_name(key: str, text: str) -> None:
    with pytest.raises(CgroupError, match=key):
        properties({f"org.systemd.property.{key}": text})
