from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.bundle.sizes import parse_signed_size, parse_size
from runtime.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("512b", 512),
        ("64k", 65536),
        ("64KB", 65536),
        ("1KiB", 1024),
        ("512m", 512 << 20),
        ("1.5g", 3 << 29),
        ("2T", 2 << 40),
        (" 1m ", 1 << 20),
    ],
)
def test_sizes_are_read_in_binary_units(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "m", "-5", "1x", "1 2", "0x10", "1e3", "٣", "1.m", "9999999999p", "inf", "nan"])
def test_what_is_no_size_is_refused_with_its_flag(text: str) -> None:
    with pytest.raises(InvalidInput, match="--memory"):
        parse_size(text, "--memory")


def test_only_a_signed_size_may_be_unlimited() -> None:
    assert parse_signed_size("-1", "--memory-swap") == -1
    with pytest.raises(InvalidInput):
        parse_size("-1")


@given(st.integers(0, 2**62))
def test_plain_numbers_stay_exact(number: int) -> None:
    assert parse_size(str(number)) == number


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert parse_size(text) >= 0
    except InvalidInput:
        pass
