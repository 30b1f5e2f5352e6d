from __future__ import annotations

import pytest

from runtime.bundle.ulimits import parse_ulimit, rlimits
from runtime.containers.request import Ulimit
from runtime.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("nofile=1024", Ulimit("nofile", 1024, 1024)),
        ("nofile=1024:2048", Ulimit("nofile", 1024, 2048)),
        ("core=0", Ulimit("core", 0, 0)),
        ("memlock=-1:-1", Ulimit("memlock", -1, -1)),
        ("stack=1:unlimited", Ulimit("stack", 1, -1)),
    ],
)
def test_a_limit_has_a_soft_and_a_hard_value(text: str, limit: Ulimit) -> None:
    assert parse_ulimit(text) == limit


@pytest.mark.parametrize(
    "text", ["nofile", "nofile=", "nofiles=1", "nofile=a", "nofile=1:2:3", "nofile=2:1", "nofile=-1:5", "nofile=1:"]
)
def test_a_limit_that_contradicts_itself_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--ulimit"):
        parse_ulimit(text)


def test_unlimited_is_written_as_the_oci_spec_has_it() -> None:
    assert rlimits([Ulimit("nofile", 5, -1)]) == [{"type": "RLIMIT_NOFILE", "soft": 5, "hard": 2**64 - 1}]


def test_the_last_limit_of_a_name_wins() -> None:
    assert [item["soft"] for item in rlimits([Ulimit("core", 1, 1), Ulimit("core", 2, 2)])] == [2]
