"""x86_64: what differs here."""

from __future__ import annotations

from arch.abi import CLONE, Abi, Compat

# x32 calls come with the 64-bit token and this bit in their number: a filter that forgets it lets every one through.
X32_BIT = 0x40000000

ABI = Abi(
    name="x86_64",
    bits=64,
    byteorder="little",
    audit=0xC000003E,
    clone=CLONE,
    seccomp_since=(3, 5),
    compat=(Compat("i386", 0x40000003, "i386"), Compat("x32", 0xC000003E, mask=X32_BIT)),
)
