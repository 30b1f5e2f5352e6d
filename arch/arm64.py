"""arm64: what differs here. No call without its `at` twin where one exists (open, fork, mknod, ...)."""

from __future__ import annotations

from arch.abi import CLONE_BACKWARDS, Abi, Compat
from arch.arm import OPEN

ABI = Abi(
    name="arm64",
    bits=64,
    byteorder="little",
    audit=0xC00000B7,
    clone=CLONE_BACKWARDS,
    seccomp_since=(3, 19),
    page_sizes=(4096, 65536, 16384),
    compat=(Compat("arm", 0x40000028, "arm"),),  # not with 64 KiB pages, nor on processors without AArch32
    open_flags=OPEN,
)
