"""riscv64: what differs here."""

from __future__ import annotations

from arch.abi import CLONE_BACKWARDS, Abi, Compat

ABI = Abi(
    name="riscv64",
    bits=64,
    byteorder="little",
    audit=0xC00000F3,
    clone=CLONE_BACKWARDS,
    seccomp_since=(5, 5),
    compat=(Compat("riscv32", 0x400000F3),),  # 5.19
)
