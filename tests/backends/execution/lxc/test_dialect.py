"""What a version of LXC is called, and what it understands."""

from __future__ import annotations

import pytest

from backends.execution.lxc.dialect import KEYS, dialect


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("5.0.2", (5, 0, 2)),
        ("4.0.6-devel", (4, 0, 6)),
        ("1.1.0.alpha2", (1, 1, 0)),
        ("2.0.7\n", (2, 0, 7)),
        ("7", (0, 7)),
        ("", (0, 7)),
        ("unknown", (0, 7)),
    ],
)
def test_a_version_is_read_and_what_cannot_be_read_is_the_oldest(said: str, version: tuple[int, ...]) -> None:
    assert dialect(said).version == version


def test_the_names_changed_with_2_1() -> None:
    assert dialect("2.0.11").word("lxc.uts.name", "hostname") == "lxc.utsname"
    assert dialect("2.1.0").word("lxc.uts.name", "hostname") == "lxc.uts.name"


def test_no_key_without_an_old_name_is_said_to_be_older_than_the_change() -> None:
    assert all(key.since >= (2, 1) for key in KEYS.values() if not key.old)


def test_every_version_knows_what_the_ones_before_it_knew() -> None:
    for key in KEYS:
        known = [
            dialect(version).knows(key) for version in ("0.7.5", "0.9.0", "1.0.6", "2.0.7", "2.1.0", "3.0.0", "5.0.2")
        ]
        assert known == sorted(known), key
