from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.quantities import binary_size, decimal_size, moment, seconds
from runtime.errors import InvalidInput


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0B"), (999, "999B"), (1000, "1kB"), (77_900_000, "77.9MB"), (1_234_567_890, "1.23GB"), (999_999, "1MB")],
)
def test_images_are_measured_in_powers_of_ten(count: int, text: str) -> None:
    assert decimal_size(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0B"), (1023, "1023B"), (1 << 20, "1MiB"), (2088763392, "1.945GiB"), (372736, "364KiB")]
)
def test_memory_is_measured_in_powers_of_two(count: int, text: str) -> None:
    assert binary_size(count) == text


@given(st.integers(0, 2**60))
def test_sizes_are_never_in_scientific_notation(count: int) -> None:
    assert "e+" not in decimal_size(count) + binary_size(count)


@pytest.mark.parametrize(
    ("text", "span"), [("90", 90), ("90s", 90), ("1.5", 1.5), ("1h30m", 5400), ("2d", 172800), ("500ms", 0.5)]
)
def test_spans_of_time_are_read(text: str, span: float) -> None:
    assert seconds(text, "--since") == span


NOW = 1_700_000_000.25


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("2024-01-31T13:00:00Z", "2024-01-31T13:00:00.000000000Z"),
        ("2024-01-31T13:00:00.5+01:00", "2024-01-31T12:00:00.500000000Z"),
        ("2024-01-31T13:00:00-0130", "2024-01-31T14:30:00.000000000Z"),
        ("1700000000", "2023-11-14T22:13:20.000000000Z"),
        ("1700000000.123", "2023-11-14T22:13:20.123000000Z"),
        ("10m", "2023-11-14T22:03:20.250000000Z"),
    ],
)
def test_moments_become_utc(text: str, written: str) -> None:
    assert moment(text, "--since", NOW) == written


def test_a_moment_without_a_zone_is_local_time() -> None:
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.mktime((2024, 1, 31, 13, 0, 0, 0, 0, -1))))
    assert moment("2024-01-31T13:00", "--since") == f"{local}.000000000Z"


@pytest.mark.parametrize("text", ["yesterday", "10x", "2024-13-01", "2024-01-31T25:00:00Z", "-5m", "m", "1.2.3s"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--since"):
        moment(text, "--since", NOW)
