"""Classic BPF, executed as the kernel does: what tests run compiled filters on."""

from __future__ import annotations

import struct
from dataclasses import dataclass

LIMIT = 4096


@dataclass(frozen=True)
class Call:
    """One system call as a filter sees it."""

    number: int
    token: int
    arguments: tuple[int, ...] = (0, 0, 0, 0, 0, 0)

    def data(self, byte_order: str) -> bytes:
        return struct.pack(byte_order + "IIQ6Q", self.number, self.token, 0, *self.arguments)


def check(program: bytes, byte_order: str) -> None:
    """What the kernel's verifier demands: size, forward jumps inside the program, a return at every end."""
    code = list(struct.iter_unpack(byte_order + "HBBI", program))
    assert 0 < len(code) <= LIMIT
    for index, (operation, when_true, when_false, operand) in enumerate(code):
        left = len(code) - index - 1
        if operation == 0x05:
            assert operand < left
        elif operation in (0x15, 0x25, 0x35):
            assert max(when_true, when_false) < left
        elif operation == 0x20:
            assert operand % 4 == 0
            assert operand <= 60
        else:
            assert operation in (0x06, 0x54)
    assert code[-1][0] == 0x06


def run(program: bytes, call: Call, byte_order: str) -> tuple[int, int]:
    """The filter's answer, and how many instructions it took."""
    code = list(struct.iter_unpack(byte_order + "HBBI", program))
    data = call.data(byte_order)
    accumulator = position = steps = 0
    while True:
        operation, when_true, when_false, operand = code[position]
        position += 1
        steps += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from(byte_order + "I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x05:
            position += operand
        elif operation == 0x06:
            return operand, steps
        else:
            held = {0x15: accumulator == operand, 0x25: accumulator > operand, 0x35: accumulator >= operand}[operation]
            position += when_true if held else when_false
