"""s390x: what differs here. The one big-endian machine of the room, and the one whose clone(2) takes the stack
first."""

from __future__ import annotations

from arch.abi import CLONE_BACKWARDS2, Abi, Compat

ABI = Abi(
    name="s390x",
    bits=64,
    byteorder="big",
    audit=0x80000016,
    clone=CLONE_BACKWARDS2,
    seccomp_since=(3, 8),
    compat=(Compat("s390", 0x00000016),),
)
