"""arm, EABI: what differs here. Private calls (set_tls, cacheflush, ...) begin at 0x0f0000; no program runs without."""

from __future__ import annotations

from arch.abi import CLONE_BACKWARDS, Abi, OpenFlags

OPEN = OpenFlags(directory=0o40000, nofollow=0o100000, direct=0o200000, largefile=0o400000)

ABI = Abi(
    name="arm",
    bits=32,
    byteorder="little",
    audit=0x40000028,
    clone=CLONE_BACKWARDS,
    seccomp_since=(3, 8),
    open_flags=OPEN,
)
