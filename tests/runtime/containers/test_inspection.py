from __future__ import annotations

import time

import pytest

from runtime.containers.inspection import ago
from runtime.monitor.log import timestamp


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "Less than a second ago"),
        (1, "1 second ago"),
        (45, "45 seconds ago"),
        (75, "About a minute ago"),
        (150, "2 minutes ago"),
        (4000, "About an hour ago"),
        (3 * 3600, "3 hours ago"),
        (30 * 3600, "30 hours ago"),
        (3 * 86400, "3 days ago"),
        (15 * 86400, "2 weeks ago"),
        (800 * 86400, "2 years ago"),
    ],
)
def test_times_are_told_in_dockers_words(seconds: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1_700_000_000
    monkeypatch.setattr(time, "time", lambda: moment + seconds)
    assert ago(timestamp(moment * 10**9)) == words
