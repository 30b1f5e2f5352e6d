"""Classic BPF, written from its end to its beginning so that every jump's distance is known when it is written.

A label is the number of instructions from an instruction to the end of the program, itself included.
"""

from __future__ import annotations

from struct import Struct

from backends.security.errors import FilterTooLarge

# include/uapi/linux/bpf_common.h
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
JUMP = 0x05  # BPF_JMP | BPF_JA
JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_GREATER = 0x25
JUMP_GREATER_EQUAL = 0x35
RETURN = 0x06  # BPF_RET | BPF_K

LIMIT = 4096  # BPF_MAXINSNS
_FAR = 255  # a conditional jump counts its distance in one byte


class Assembler:
    """Builds one program. Every method returns the label of what it wrote."""

    def __init__(self) -> None:
        self._reversed: list[tuple[int, int, int, int]] = []
        self._returns: dict[int, int] = {}

    def _write(self, code: int, when_true: int, when_false: int, operand: int) -> int:
        self._reversed.append((code, when_true, when_false, operand))
        return len(self._reversed)

    def load(self, offset: int) -> int:
        """Loads the 32-bit word at `offset` of struct seccomp_data."""
        return self._write(LOAD_WORD, 0, 0, offset)

    def mask(self, bits: int) -> int:
        return self._write(AND, 0, 0, bits)

    def answer(self, value: int) -> int:
        """Returns `value` to the kernel: a label near enough for any jump written next."""
        label = self._returns.get(value)
        if label is None or len(self._reversed) - label > _FAR // 2:
            label = self._returns[value] = self._write(RETURN, 0, 0, value)
        return label

    def go(self, label: int) -> int:
        """Continues at `label`, which costs nothing when that is the next instruction."""
        distance = len(self._reversed) - label
        return label if distance == 0 else self._write(JUMP, 0, 0, distance)

    def branch(self, code: int, operand: int, when_true: int, when_false: int) -> int:
        """A conditional jump; targets out of its reach get a stepping stone."""
        if when_true == when_false:
            return self.go(when_true)
        # One stone puts the other target one instruction further away.
        if len(self._reversed) - when_true > _FAR - 1:
            when_true = self._write(JUMP, 0, 0, len(self._reversed) - when_true)
        if len(self._reversed) - when_false > _FAR:
            when_false = self._write(JUMP, 0, 0, len(self._reversed) - when_false)
        here = len(self._reversed)
        return self._write(code, here - when_true, here - when_false, operand)

    def program(self, byte_order: str) -> bytes:
        """The array of struct sock_filter, `byte_order` being "<" or ">"; FilterTooLarge."""
        size = len(self._reversed)
        if size > LIMIT:
            raise FilterTooLarge(
                f"the seccomp profile needs {size} instructions, and the kernel takes {LIMIT}",
                "fewer conditions on arguments, or fewer architectures, make it smaller",
            )
        instruction = Struct(byte_order + "HBBI").pack
        return b"".join([instruction(*fields) for fields in reversed(self._reversed)])
