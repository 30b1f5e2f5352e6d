"""ppc64le: what differs here. Three direction bits in ioctl numbers, so 13 for the size; pages of 64 KiB; `socketcall`,
`ipc` and the direct calls side by side."""

from __future__ import annotations

from arch.abi import CLONE_BACKWARDS, Abi, IoctlBits, OpenFlags

ABI = Abi(
    name="ppc64le",
    bits=64,
    byteorder="little",
    audit=0xC0000015,
    clone=CLONE_BACKWARDS,
    seccomp_since=(4, 3),
    page_sizes=(65536, 4096),
    open_flags=OpenFlags(directory=0o40000, nofollow=0o100000, direct=0o400000, largefile=0o200000),
    ioctl=IoctlBits(none=1, read=2, write=4, direction_shift=29),
)
