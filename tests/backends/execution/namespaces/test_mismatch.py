"""For which machine a file is."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from backends.execution.namespaces.mismatch import architecture_hint


def _elf(machine: int, order: int = 1) -> bytes:
    return b"\x7fELF\x02" + bytes([order]) + b"\0" * 12 + machine.to_bytes(2, "little" if order == 1 else "big")


def test_another_machine_is_named_in_its_own_byte_order() -> None:
    assert "s390x" in architecture_hint(_elf(0x16, 2)) or os.uname().machine == "s390x"
    assert "machine 4660" in architecture_hint(_elf(0x1234))


def test_a_file_that_is_no_program_is_told_from_a_script() -> None:
    assert "without a #!" in architecture_hint(b"echo hello\n")
    assert architecture_hint(b"#!/bin/sh\n") == ""


@given(st.binary(max_size=64))
def test_any_content_has_an_answer(head: bytes) -> None:
    assert isinstance(architecture_hint(b"\x7fELF" + head), str)
