from __future__ import annotations

import pytest

from runtime.value import Value, fields


class Pair(Value):
    first: int
    second: int = 2
    more: dict[str, int] = {}


def test_fields_are_the_annotated_names_in_order() -> None:
    assert fields(Pair) == ("first", "second", "more")


def test_values_are_given_by_place_or_by_name() -> None:
    assert Pair(1, 5) == Pair(second=5, first=1)


def test_a_dictionary_default_is_a_new_one_each_time() -> None:
    assert Pair(1).more is not Pair(1).more


def test_a_record_is_frozen() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        Pair(1).first = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del Pair(1).first


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, 2, {}, 4), {}), ((1,), {"third": 3}), ((1,), {"first": 1})]
)
def test_wrong_values_are_a_type_error(values: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Pair(*values, **named)  # type: ignore[arg-type]


def test_another_record_has_other_values() -> None:
    before = Pair(1)
    after = before.replaced(second=9)
    assert (before.second, after) == (2, Pair(1, 9))


def test_records_of_two_classes_are_never_equal() -> None:
    class Other(Value):
        first: int
        second: int = 2
        more: dict[str, int] = {}

    assert Pair(1) != Other(1)


def test_a_record_tells_its_values() -> None:
    assert repr(Pair(1)) == "Pair(first=1, second=2, more={})"
