"""Device rules as a BPF program for cgroup v2 (Linux 4.15): pure, from rules to instructions.

The kernel calls it with `struct bpf_cgroup_dev_ctx` for each mknod and each open; 1 allows, 0 is EPERM. On the launch
path.
"""

from __future__ import annotations

import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers.devices import Rules

_ACCESS = {"m": 1, "r": 2, "w": 4}
_TYPES = {"b": 1, "c": 2}
_EVERY = 7

# Opcodes of bpf(2), see the kernel's bpf/standardization/instruction-set.rst
_LOAD = 0x61  # r[dst] = *(u32 *)(r[src] + offset)
_AND = 0x57  # r[dst] &= immediate
_SHIFT_RIGHT = 0x77
_MOVE = 0xBF  # r[dst] = r[src]
_SET = 0xB7  # r[dst] = immediate
_JUMP_NOT = 0x55  # if r[dst] != immediate, over `offset` instructions
_JUMP_IS = 0x15
_JUMP_NOT_SAME = 0x5D  # if r[dst] != r[src]
_RETURN = 0x95

_CONTEXT, _TYPE, _WISH, _MAJOR, _MINOR, _SCRATCH, _RESULT = 1, 2, 3, 4, 5, 6, 0


def compile_rules(rules: Rules) -> bytes:
    """The program: each exception in turn, then the default."""
    head = (
        _code(_LOAD, _TYPE, _CONTEXT, 0)
        + _code(_MOVE, _WISH, _TYPE)
        + _code(_AND, _TYPE, immediate=0xFFFF)
        + _code(_SHIFT_RIGHT, _WISH, immediate=16)
        + _code(_LOAD, _MAJOR, _CONTEXT, 4)
        + _code(_LOAD, _MINOR, _CONTEXT, 8)
    )
    body = b"".join(_exception(key, access, rules.allowed) for key, access in rules.exceptions.items())
    return head + body + _answer(rules.allowed)


def _exception(key: tuple[str, int, int], access: str, allowed: bool) -> bytes:
    """Answers the opposite of the default if it matches, else goes on behind itself.

    An exception that allows must hold all that is wished; one that denies, any of it.
    """
    kind, major, minor = key
    tests = [(_JUMP_NOT, _TYPE, 0, _TYPES[kind])]
    mask = sum(_ACCESS[letter] for letter in access)
    if mask != _EVERY:
        tests += [(_MOVE, _SCRATCH, _WISH, 0), (_AND, _SCRATCH, 0, mask)]
        tests.append((_JUMP_IS, _SCRATCH, 0, 0) if allowed else (_JUMP_NOT_SAME, _SCRATCH, _WISH, 0))
    if major >= 0:
        tests.append((_JUMP_NOT, _MAJOR, 0, major))
    if minor >= 0:
        tests.append((_JUMP_NOT, _MINOR, 0, minor))
    found = b""
    for place, (opcode, target, source, immediate) in enumerate(tests):
        jumps = opcode in (_JUMP_NOT, _JUMP_IS, _JUMP_NOT_SAME)
        behind = len(tests) - place - 1 + 2  # the tests left, and the answer's two
        found += _code(opcode, target, source, behind if jumps else 0, immediate)
    return found + _answer(not allowed)


def _answer(allow: bool) -> bytes:
    return _code(_SET, _RESULT, immediate=int(allow)) + _code(_RETURN)


def _code(opcode: int, target: int = 0, source: int = 0, offset: int = 0, immediate: int = 0) -> bytes:
    """struct bpf_insn: its two registers share a byte, in the order of the machine's bit fields."""
    registers = target | source << 4 if sys.byteorder == "little" else target << 4 | source
    return struct.pack("=BBhi", opcode, registers, offset, immediate)
