from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.monitor.protocol import CONTROL, LARGEST, STDOUT, BadFrame, Decoder, content, frame, message


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=300))), st.integers(1, 64))
def test_frames_survive_being_cut_anywhere(frames: list[tuple[int, bytes]], size: int) -> None:
    wire = b"".join(frame(stream, data) for stream, data in frames)
    decoder = Decoder()
    got = [item for start in range(0, len(wire), size) for item in decoder.feed(wire[start : start + size])]
    assert got == frames


def test_a_frame_is_dockers() -> None:
    assert frame(STDOUT, b"hi\n") == b"\x01\0\0\0\0\0\0\x03hi\n"


def test_a_control_message_comes_back_as_it_was() -> None:
    ((stream, data),) = Decoder().feed(message({"op": "resize", "size": [24, 80]}))
    assert (stream, content(data)) == (CONTROL, {"op": "resize", "size": [24, 80]})


@pytest.mark.parametrize("wire", [b"\x04\0\0\0\0\0\0\0", b"\x01\0\0\0" + (LARGEST + 1).to_bytes(4, "big")])
def test_a_peer_that_speaks_something_else_is_refused(wire: bytes) -> None:
    with pytest.raises(BadFrame):
        Decoder().feed(wire)


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'"x"', b"\xff"])
def test_control_data_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        content(data)
