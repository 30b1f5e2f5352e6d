"""Messages between parent and child."""

from __future__ import annotations

import os

import pytest

from backends.execution.channel import pair


def test_a_message_arrives_as_it_was_sent() -> None:
    ours, theirs = pair()
    theirs.send("failed", "step", 5, "text é", b"\x7fELF")
    theirs.send("waiting")
    assert ours.receive() == (("failed", "step", 5, "text é", b"\x7fELF"), -1)
    assert ours.receive() == (("waiting",), -1)
    ours.close()
    theirs.close()


def test_a_descriptor_comes_with_its_message() -> None:
    ours, theirs = pair()
    reading, writing = os.pipe()
    theirs.send("console", descriptor=writing)
    os.close(writing)
    message, received = ours.receive()
    assert message == ("console",)
    assert not os.get_inheritable(received)
    os.write(received, b"x")
    assert os.read(reading, 1) == b"x"
    for descriptor in (reading, received):
        os.close(descriptor)
    ours.close()
    theirs.close()


def test_a_closed_other_side_is_seen() -> None:
    ours, theirs = pair()
    theirs.close()
    assert ours.receive() == (None, -1)
    with pytest.raises(OSError):
        ours.send("go")
    ours.close()
