"""Device rules, and the program made of them: run here by a small interpreter, against the rules' own meaning."""

from __future__ import annotations

import struct
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.cgroups.controllers.devices import DEFAULTS, Rules, settings
from backends.cgroups.device_program import compile_rules
from backends.cgroups.folder import Folder
from backends.errors import CgroupError

DENY_ALL: dict[str, Any] = {"allow": False, "access": "rwm"}
BITS = {"m": 1, "r": 2, "w": 4}


def allow(kind: str, major: int, minor: int, access: str = "rwm") -> dict[str, Any]:
    return {"allow": True, "type": kind, "major": major, "minor": minor, "access": access}


def deny(kind: str, major: int, minor: int, access: str = "rwm") -> dict[str, Any]:
    return {**allow(kind, major, minor, access), "allow": False}


def run(program: bytes, kind: str, major: int, minor: int, access: str) -> bool:
    """Interprets the instructions that our compiler uses, and no others."""
    words = {0: sum(BITS[letter] for letter in access) << 16 | {"b": 1, "c": 2}[kind], 4: major, 8: minor}
    registers = dict.fromkeys(range(11), 0)
    place = 0
    while True:
        opcode, both, offset, immediate = struct.unpack_from("=BBhi", program, place * 8)
        target, source = (both & 15, both >> 4) if sys.byteorder == "little" else (both >> 4, both & 15)
        place += 1
        if opcode == 0x61:
            assert source == 1
            registers[target] = words[offset]
        elif opcode == 0x57:
            registers[target] &= immediate
        elif opcode == 0x77:
            registers[target] >>= immediate
        elif opcode == 0xBF:
            registers[target] = registers[source]
        elif opcode == 0xB7:
            registers[target] = immediate
        elif opcode == 0x55:
            place += offset if registers[target] != immediate else 0
        elif opcode == 0x15:
            place += offset if registers[target] == immediate else 0
        elif opcode == 0x5D:
            place += offset if registers[target] != registers[source] else 0
        else:
            assert opcode == 0x95, f"unknown instruction {opcode:#x}"
            return bool(registers[0])


def meaning(rules: Rules, kind: str, major: int, minor: int, access: str) -> bool:
    """As the kernel's v1 controller reads exceptions: one must hold all that is allowed, or any that is denied."""
    for (known, its_major, its_minor), letters in rules.exceptions.items():
        if known == kind and its_major in (-1, major) and its_minor in (-1, minor):
            if not rules.allowed and set(access) <= set(letters):
                return True
            if rules.allowed and set(access) & set(letters):
                return False
    return rules.allowed


NUMBERS = st.integers(-1, 3)
ACCESS = st.sampled_from(["r", "w", "m", "rw", "rm", "wm", "rwm"])
RULE = st.builds(
    lambda yes, kind, major, minor, access: {**allow(kind, major, minor, access), "allow": yes},
    st.booleans(),
    st.sampled_from("bc"),
    NUMBERS,
    NUMBERS,
    ACCESS,
)
EVERYTHING = st.builds(lambda yes: {"allow": yes, "type": "a"}, st.booleans())


@given(
    st.lists(st.one_of(RULE, EVERYTHING), max_size=8),
    st.sampled_from("bc"),
    st.integers(0, 4),
    st.integers(0, 4),
    ACCESS,
)
def test_the_program_answers_what_the_rules_mean(
    given_rules: list[dict[str, Any]], kind: str, major: int, minor: int, access: str
) -> None:
    try:
        rules = Rules(given_rules)
    except CgroupError:
        return  # a hole in a wildcard
    assert run(compile_rules(rules), kind, major, minor, access) == meaning(rules, kind, major, minor, access)


def test_a_denial_of_everything_leaves_the_default_devices() -> None:
    program = compile_rules(Rules([DENY_ALL]))
    assert run(program, "c", 1, 3, "rw")
    assert run(program, "c", 136, 7, "rw")
    assert run(program, "b", 8, 0, "m")
    assert not run(program, "b", 8, 0, "r")
    assert not run(program, "c", 10, 229, "w")


def test_an_allowed_device_is_allowed_what_was_said_and_no_more() -> None:
    program = compile_rules(Rules([DENY_ALL, allow("c", 10, 229, "r")]))
    assert run(program, "c", 10, 229, "r")
    assert not run(program, "c", 10, 229, "rw")
    assert not run(program, "c", 10, 230, "r")
    assert not run(program, "b", 10, 229, "r")


def test_access_given_in_parts_is_given_together() -> None:
    assert run(compile_rules(Rules([DENY_ALL, allow("c", 9, 9, "r"), allow("c", 9, 9, "w")])), "c", 9, 9, "rw")


def test_without_a_denial_of_everything_all_but_what_is_denied_is_allowed() -> None:
    program = compile_rules(Rules([deny("b", 8, -1, "w")]))
    assert run(program, "b", 8, 1, "r")
    assert not run(program, "b", 8, 1, "rw")
    assert run(program, "c", 8, 1, "w")


def test_a_last_rule_for_everything_undoes_the_others() -> None:
    rules = Rules([DENY_ALL, allow("c", 1, 1), {"allow": True, "type": "a"}])
    assert (rules.allowed, rules.exceptions) == (True, {})


def test_a_denial_takes_back_what_it_covers() -> None:
    rules = Rules([DENY_ALL, allow("c", 10, 1), allow("c", 10, 2, "r"), deny("c", 10, -1, "w")])
    assert (rules.exceptions["c", 10, 1], rules.exceptions["c", 10, 2]) == ("rm", "r")


def test_a_hole_in_a_wildcard_is_refused_by_both_names() -> None:
    with pytest.raises(CgroupError, match=r"c 10:229 takes away part of what the one for c 10:\* gives"):
        Rules([DENY_ALL, allow("c", 10, -1), deny("c", 10, 229)])


@pytest.mark.parametrize(
    "rule",
    [
        {"allow": True, "type": "c", "major": 1, "minor": 1, "access": "rx"},
        {"allow": True, "type": "x", "major": 1, "minor": 1},
        {"allow": False, "type": "a", "major": 1},
        {"allow": False, "type": "a", "access": "r"},
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(CgroupError, match="devices: "):
        Rules([rule])


def test_v1_begins_with_the_denial_and_adds_what_is_allowed() -> None:
    found = settings({"devices": [DENY_ALL, allow("c", 10, 229, "rw")]}, Folder("/nowhere"), 1)
    assert found[0] == ("devices", "devices.deny", "a")
    assert ("devices", "devices.allow", "c 10:229 rw") in found
    assert len(found) == 2 + len(DEFAULTS)


def test_v1_writes_nothing_where_everything_is_allowed_already(tmp_path: Any) -> None:
    (tmp_path / "devices.list").write_text("a *:* rwm\n")
    assert settings({"devices": [{"allow": True, "access": "rwm"}]}, Folder(str(tmp_path)), 1) == []
