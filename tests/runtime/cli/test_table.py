from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.table import printable, shortened, table, width


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(["ID", "NAME"], [["1", "a"], ["22222", ""]]) == "ID      NAME\n1       a\n22222\n"


def test_a_table_without_rows_has_its_titles() -> None:
    assert table(["A", "B"], []) == "A   B\n"


def test_wide_characters_take_two_columns() -> None:
    assert width("漢字") == 4
    assert table(["X", "Y"], [["漢字", "b"]]) == "X      Y\n漢字   b\n"


def test_nobody_elses_text_moves_the_cursor() -> None:
    assert printable("a\x1b[31mb\r\n") == "a?[31mb??"


def test_long_text_is_cut_with_a_sign_of_it() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


@given(st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), max_size=5))
def test_every_row_is_one_line(rows: list[list[str]]) -> None:
    assert len(table(["A", "B"], rows).split("\n")) == len(rows) + 2
