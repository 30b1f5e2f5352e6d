from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch import elf
from probes import emulation
from probes.emulation import Handler
from probes.trials.emulation import PROGRAMS, executable

AARCH64 = "7f454c460201010000000000000000000200b700"
HANDLER = f"enabled\ninterpreter /usr/libexec/qemu-aarch64\nflags: OCF\noffset 0\nmagic {AARCH64}\nmask ff\n"


def test_a_handler_is_understood() -> None:
    expected = Handler("qemu-aarch64", True, "/usr/libexec/qemu-aarch64", "OCF", "arm64")
    assert emulation.parse("qemu-aarch64", HANDLER) == expected


def test_a_handler_is_known_by_its_magic_and_not_by_its_name() -> None:
    assert emulation.parse("my-own", HANDLER).architecture == "arm64"
    assert emulation.parse("qemu-aarch64", "disabled\ninterpreter /x\nflags: \nextension .jar\n") == Handler(
        "qemu-aarch64", False, "/x", "", ""
    )


def test_missing_flags_are_said_to_cost_something() -> None:
    assert emulation.weaknesses([emulation.parse("a", HANDLER)]) == []
    said = emulation.weaknesses([Handler("a", True, "/x", "P", "arm")])
    assert len(said) == 2
    assert "inside every image" in said[0]
    assert "set-uid" in said[1]


@given(st.text(), st.text(alphabet="0123456789abcdefx", max_size=60))
def test_no_text_is_an_error(text: str, magic: str) -> None:
    emulation.parse("x", text)
    emulation.wanted(magic)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_the_smallest_program_says_which_machine_it_is_for(name: str) -> None:
    assert elf.inspect(io.BytesIO(executable(name))).architecture.name == name
