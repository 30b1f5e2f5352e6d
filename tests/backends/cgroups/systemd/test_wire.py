"""Values as D-Bus carries them. The golden bytes are what systemd's own busctl sends."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.cgroups.systemd.wire import Reader, marshal, types


@pytest.mark.parametrize(
    ("signature", "parts"),
    [
        ("", []),
        ("su", ["s", "u"]),
        ("ssa(sv)a(sa(sv))", ["s", "s", "a(sv)", "a(sa(sv))"]),
        ("a{sv}ay", ["a{sv}", "ay"]),
    ],
)
def test_a_signature_is_taken_apart(signature: str, parts: list[str]) -> None:
    assert types(signature) == parts


@pytest.mark.parametrize("signature", ["a", "(s", "a(s", "(", "a{s"])
def test_a_signature_that_ends_early_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match="not complete"):
        types(signature)


@pytest.mark.parametrize(
    ("signature", "values", "golden"),
    [
        ("u", (7,), "07000000"),
        ("s", ("ab",), "02000000616200"),
        ("yt", (1, 2), "01" + "00" * 7 + "0200000000000000"),
        ("b", (True,), "01000000"),
        ("ay", (b"\x01\x02",), "020000000102"),
        # The length of an array does not count what aligns its first element.
        ("at", ((9,),), "08000000000000000900000000000000"),
        ("a(sv)", ([("x", ("b", True))],), "100000000000000001000000780001620000000001000000"),
    ],
)
def test_values_are_aligned_to_their_size(signature: str, values: tuple[Any, ...], golden: str) -> None:
    assert marshal(signature, values).hex() == golden


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = {
    "s": TEXTS,
    "u": st.integers(0, 2**32 - 1),
    "x": st.integers(-(2**63), 2**63 - 1),
    "b": st.booleans(),
    "as": st.lists(TEXTS),
    "ay": st.lists(st.integers(0, 255)),
    "(yt)": st.tuples(st.integers(0, 255), st.integers(0, 2**64 - 1)),
    "a(sau)": st.lists(st.tuples(TEXTS, st.lists(st.integers(0, 2**32 - 1)))),
}


@given(
    st.lists(st.sampled_from(sorted(VALUES)), max_size=5).flatmap(
        lambda kinds: st.tuples(st.just(kinds), st.tuples(*(VALUES[kind] for kind in kinds)))
    )
)
def test_what_was_written_is_read_again(drawn: tuple[list[str], tuple[Any, ...]]) -> None:
    kinds, values = drawn
    signature = "".join(kinds)
    assert Reader(marshal(signature, values), "<").take_all(signature) == list(values)


def test_of_a_variant_the_value_is_read() -> None:
    assert Reader(marshal("a(sv)", ([("x", ("as", ["y"]))],)), "<").take("a(sv)") == [("x", ["y"])]


def test_the_other_byte_order_is_read_too() -> None:
    assert Reader(struct.pack(">IQ", 1, 2).replace(b"\1", b"\1" + bytes(4)), ">").take_all("ut") == [1, 2]
