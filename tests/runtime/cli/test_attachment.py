from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.containers.attachment import DetachKeys, parse_keys
from runtime.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "keys"), [("ctrl-p,ctrl-q", b"\x10\x11"), ("a", b"a"), ("ctrl-[,b", b"\x1bb"), ("ctrl-@", b"\0")]
)
def test_keys_are_named_as_in_docker(text: str, keys: bytes) -> None:
    assert parse_keys(text) == keys


@pytest.mark.parametrize("text", ["", "ab", "ctrl-", "ctrl-ab", "ctrl-1", "alt-x", "é", "a,,b"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--detach-keys"):
        parse_keys(text)


def test_the_sequence_detaches_and_is_not_passed_on() -> None:
    keys = DetachKeys(b"\x10\x11")
    assert keys.feed(b"ab\x10\x11cd") == (b"ab", True)


def test_a_sequence_may_come_in_pieces() -> None:
    keys = DetachKeys(b"\x10\x11")
    assert keys.feed(b"a\x10") == (b"a", False)
    assert keys.feed(b"\x11") == (b"", True)


def test_a_sequence_begun_and_left_is_passed_on() -> None:
    keys = DetachKeys(b"\x10\x11")
    assert keys.feed(b"\x10") == (b"", False)
    assert keys.feed(b"x\x10\x10") == (b"\x10x\x10", False)
    assert keys.feed(b"\x11") == (b"", True)


@given(st.lists(st.binary(max_size=5), max_size=8))
def test_without_the_sequence_nothing_is_lost(pieces: list[bytes]) -> None:
    keys = DetachKeys(b"\x10\x11")
    if b"\x10\x11" in b"".join(pieces):
        return
    passed = b"".join(keys.feed(piece)[0] for piece in pieces) + keys.feed(b"\0")[0]
    assert passed == b"".join(pieces) + b"\0"
