"""Counting what a suite says."""

from __future__ import annotations

from ci.suites import count


def test_what_passes_fails_and_is_skipped_is_counted() -> None:
    tap = "1..4\nok 1 a\nnot ok 2 b\n# ok it said\nok 3 c # skip not here\nok 4 d\n"
    assert count(tap) == {"passed": 2, "failed": 1, "skipped": 1}


def test_what_was_planned_and_did_not_come_has_failed() -> None:
    assert count("1..3\nok 1 a\n") == {"passed": 1, "failed": 2, "skipped": 0}
