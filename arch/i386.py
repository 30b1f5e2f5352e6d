"""i386: what differs here. Most socket and System V calls go through `socketcall` and `ipc`; direct
ones came in 4.3."""

from __future__ import annotations

from arch.abi import CLONE_BACKWARDS, Abi

ABI = Abi(
    name="i386",
    bits=32,
    byteorder="little",
    audit=0x40000003,
    clone=CLONE_BACKWARDS,
    seccomp_since=(3, 5),
)
