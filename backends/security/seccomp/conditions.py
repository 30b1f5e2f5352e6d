"""Conditions on a call's arguments: read from a profile, and written as BPF.

A condition is a plain tuple (index, operator, value, second value), so that equal ones are found and written once. The
kernel shows a filter each argument as 64 bits, and BPF compares 32 of them at a time.
"""

from __future__ import annotations

from backends.security.errors import BadProfile
from backends.security.seccomp.assembler import JUMP_EQUAL, JUMP_GREATER, JUMP_GREATER_EQUAL, Assembler

TYPE_CHECKING = False
if TYPE_CHECKING:
    Condition = tuple[int, str, int, int]

EQUAL = "SCMP_CMP_EQ"
NOT_EQUAL = "SCMP_CMP_NE"
LESS = "SCMP_CMP_LT"
LESS_EQUAL = "SCMP_CMP_LE"
GREATER = "SCMP_CMP_GT"
GREATER_EQUAL = "SCMP_CMP_GE"
MASKED_EQUAL = "SCMP_CMP_MASKED_EQ"  # argument & value == second value
OPERATORS = (EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, MASKED_EQUAL)

ARGUMENTS = 6
_ARGUMENTS_OFFSET = 16  # struct seccomp_data: nr, arch, instruction_pointer, args[6]
_WORD = 0xFFFFFFFF
_NEGATED = {NOT_EQUAL: EQUAL, LESS: GREATER_EQUAL, LESS_EQUAL: GREATER}


def read(entry: object, where: str) -> Condition:
    """One of a profile's `args`; BadProfile."""
    if not isinstance(entry, dict):
        raise BadProfile(f"{where}: not an object")
    index, operator = entry.get("index"), entry.get("op")
    if operator not in OPERATORS:
        raise BadProfile(f"{where}.op: {operator!r} is no comparison", "one of " + ", ".join(OPERATORS))
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < ARGUMENTS:
        raise BadProfile(f"{where}.index: {index!r} is not an argument's number from 0 to {ARGUMENTS - 1}")
    return (index, operator, _number(entry, "value", where), _number(entry, "valueTwo", where))


def _number(entry: dict[str, object], key: str, where: str) -> int:
    number = entry.get(key, 0)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << 64:
        raise BadProfile(f"{where}.{key}: {number!r} is not an unsigned number of 64 bits")
    return number


class Words:
    """Where an ABI's arguments are in struct seccomp_data, and how much of them counts.

    On an ABI of 32 bits the upper word is always zero and not looked at, so that a value written as the 64-bit form of
    a negative number still matches.
    """

    __slots__ = ("high", "low", "wide")

    def __init__(self, byte_order: str, wide: bool) -> None:
        self.low = _ARGUMENTS_OFFSET + (0 if byte_order == "<" else 4)
        self.high = _ARGUMENTS_OFFSET + (4 if byte_order == "<" else 0)
        self.wide = wide


def write(code: Assembler, words: Words, condition: Condition, holds: int, fails: int) -> int:
    """The test of a condition that goes to one of two labels."""
    index, operator, value, second = condition
    if operator in _NEGATED:
        operator, holds, fails = _NEGATED[operator], fails, holds
    low, high = words.low + 8 * index, words.high + 8 * index
    if operator == MASKED_EQUAL:
        label = _write_masked(code, low, value & _WORD, second & _WORD, holds, fails)
        return _write_masked(code, high, value >> 32, second >> 32, label, fails) if words.wide else label
    jump = {EQUAL: JUMP_EQUAL, GREATER: JUMP_GREATER, GREATER_EQUAL: JUMP_GREATER_EQUAL}[operator]
    code.branch(jump, value & _WORD, holds, fails)
    label = code.load(low)
    if not words.wide:
        return label
    label = code.branch(JUMP_EQUAL, value >> 32, label, fails)
    if operator != EQUAL:
        code.branch(JUMP_GREATER, value >> 32, holds, label)
    return code.load(high)


def _write_masked(code: Assembler, offset: int, mask: int, wanted: int, holds: int, fails: int) -> int:
    if wanted & ~mask:
        return fails  # bits wanted that the mask takes away: no argument has them
    if mask == 0:
        return holds
    code.branch(JUMP_EQUAL, wanted, holds, fails)
    if mask != _WORD:
        code.mask(mask)
    return code.load(offset)
