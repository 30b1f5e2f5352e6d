"""The ABI of this very process: which machine's numbers the one door to the kernel has to use."""

from __future__ import annotations

import os
import sys

from arch.errors import UnknownArchitecture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from arch.abi import Abi

# uname's machine -> (of a 64-bit process, of a 32-bit one). uname tells the kernel's machine, or the personality's, and
# a 32-bit interpreter may well run on a 64-bit kernel, so the size of a pointer decides.
_MACHINES = {
    "x86_64": ("x86_64", "i386"),
    "i386": ("x86_64", "i386"),
    "i486": ("x86_64", "i386"),
    "i586": ("x86_64", "i386"),
    "i686": ("x86_64", "i386"),
    "aarch64": ("arm64", "arm"),
    "armv8l": ("arm64", "arm"),
    "armv7l": ("", "arm"),
    "armv6l": ("", "arm"),
    "armv5tel": ("", "arm"),
    "armv5tejl": ("", "arm"),
    "ppc64le": ("ppc64le", ""),
    "riscv64": ("riscv64", ""),
    "s390x": ("s390x", ""),
}


def detect(uname: str, wide: bool, multiarch: str = "") -> str:
    """The name of the table for a process of that width on a kernel that calls itself `uname`."""
    name = _MACHINES.get(uname, ("", ""))[0 if wide else 1]
    if not name or multiarch.endswith("x32"):  # x32: 64-bit calls with 32-bit pointers; no table fits
        width = "64" if wide else "32"
        raise UnknownArchitecture(
            f"no system call numbers for a {width}-bit process ({multiarch or 'unknown ABI'}) on {uname}",
            "this machine needs a table in arch/; never answered with another machine's numbers",
        )
    return name


def machine() -> str:
    """The name of this process's architecture, as in `arch.names`; UnknownArchitecture."""
    return detect(os.uname().machine, sys.maxsize > 2**32, getattr(sys.implementation, "_multiarch", ""))


def abi() -> Abi:
    """What differs on this machine; UnknownArchitecture."""
    known: Abi = __import__("arch." + machine(), None, None, ["ABI"]).ABI
    return known


def numbers() -> dict[str, int]:
    """System call numbers of this process by name."""
    table: dict[str, int] = __import__("arch.tables." + machine(), None, None, ["NUMBERS"]).NUMBERS
    return table
