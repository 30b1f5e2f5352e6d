"""Lists of numbers as the kernel writes them."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import UnsupportedConfiguration
from backends.execution.lists import MOST, bits, numbers


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0", [0]), ("0-3,7", [0, 1, 2, 3, 7]), ("3,1", [1, 3]), ("2-2,2", [2]), (" 0 - 1 , 4", [0, 1, 4])],
)
def test_a_list_is_read(text: str, meant: list[int]) -> None:
    assert numbers(text, "path", "CPUs") == meant


@pytest.mark.parametrize("text", [",", "-1", "1-", "x", "0x1", "3-1", "0,,1", f"{MOST}", "1-2-3", "٣"])
def test_what_is_no_list_is_refused_by_its_path(text: str) -> None:
    with pytest.raises(UnsupportedConfiguration, match=r"config\.json: a\.path: CPUs"):
        numbers(text, "a.path", "CPUs")


@given(st.sets(st.integers(0, MOST - 1), min_size=1, max_size=20))
def test_the_mask_has_exactly_these_bits(wanted: set[int]) -> None:
    word = 8 if sys.maxsize > 1 << 32 else 4
    mask = bits(sorted(wanted))
    assert len(mask) % word == 0
    words = [int.from_bytes(mask[place : place + word], sys.byteorder) for place in range(0, len(mask), word)]
    found = {8 * word * index + bit for index, value in enumerate(words) for bit in range(8 * word) if value >> bit & 1}
    assert found == wanted
