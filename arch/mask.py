"""Whether this process stands behind a mask, a filter of `runtime mask` that makes the kernel look older.

A mask says so itself, by a question that no kernel knows: prctl(2) with an option of ours answers one word of twelve
bits as its errno. So it is seen wherever it is inherited, however little of the environment is, and nobody stands
behind one by saying so.
"""

from __future__ import annotations

from arch import kernel

OPTION = 0x724D734B  # every kernel answers EINVAL
WORDS = 4
BITS = 12  # a filter can answer an errno from 0 to 4095
SIGN = 0x6D5  # the first word; then two of the identity, and the kernel's version


class Mask:
    """`identity`: differs between masks that hide different things. `version`: (major, minor) of the kernel that is
    shown, 2.6.PATCH as (2, 6, PATCH); empty where only named calls are hidden."""

    __slots__ = ("identity", "version")

    def __init__(self, identity: int, version: tuple[int, ...]) -> None:
        self.identity = identity
        self.version = version

    def words(self) -> tuple[int, ...]:
        """What it answers, in order."""
        return SIGN, self.identity >> BITS & 0xFFF, self.identity & 0xFFF, _packed(self.version)

    def __str__(self) -> str:
        return ".".join(map(str, self.version)) if self.version else "calls"


def worn() -> Mask | None:
    """The youngest mask that this process stands behind; None in front of them all."""
    if _word(0) != SIGN:
        return None
    high, low, version = (_word(number) for number in range(1, WORDS))
    return Mask(high << BITS | low, _unpacked(version))


def _word(number: int) -> int:
    try:
        return kernel.prctl(OPTION, number)
    except OSError as error:
        return error.errno or 0


def _packed(version: tuple[int, ...]) -> int:
    """2.6.32 and 3.10 in twelve bits: before 3.0 the third number tells kernels apart, after it the second."""
    if not version:
        return 0
    return (version[0] << 8 | version[-1]) & 0xFFF


def _unpacked(word: int) -> tuple[int, ...]:
    major, number = word >> 8, word & 0xFF
    if not major:
        return ()
    return (2, 6, number) if major == 2 else (major, number)
