"""The ABIs by which a program can call a kernel, as a filter tells them apart."""

from __future__ import annotations

from arch.errors import UnknownArchitecture
from backends.security.errors import BadProfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The names that profiles use (libseccomp's), of every machine that libseccomp knows. Empty: no table of ours has it.
PROFILE_NAMES: dict[str, str] = {
    "SCMP_ARCH_X86": "i386",
    "SCMP_ARCH_X86_64": "x86_64",
    "SCMP_ARCH_X32": "x32",
    "SCMP_ARCH_ARM": "arm",
    "SCMP_ARCH_AARCH64": "arm64",
    "SCMP_ARCH_PPC64LE": "ppc64le",
    "SCMP_ARCH_RISCV64": "riscv64",
    "SCMP_ARCH_S390X": "s390x",
    "SCMP_ARCH_S390": "",
    "SCMP_ARCH_PPC": "",
    "SCMP_ARCH_PPC64": "",
    "SCMP_ARCH_MIPS": "",
    "SCMP_ARCH_MIPS64": "",
    "SCMP_ARCH_MIPS64N32": "",
    "SCMP_ARCH_MIPSEL": "",
    "SCMP_ARCH_MIPSEL64": "",
    "SCMP_ARCH_MIPSEL64N32": "",
    "SCMP_ARCH_PARISC": "",
    "SCMP_ARCH_PARISC64": "",
    "SCMP_ARCH_LOONGARCH64": "",
    "SCMP_ARCH_M68K": "",
    "SCMP_ARCH_SH": "",
    "SCMP_ARCH_SHEB": "",
}

# Which ABIs a kernel of each architecture runs, its own first. The 31-bit ABI of s390 has no table: it is not let in.
SPOKEN: dict[str, tuple[str, ...]] = {
    "x86_64": ("x86_64", "x32", "i386"),
    "i386": ("i386",),
    "arm64": ("arm64", "arm"),
    "arm": ("arm",),
    "ppc64le": ("ppc64le",),
    "riscv64": ("riscv64",),
    "s390x": ("s390x",),
}

# name -> (AUDIT_ARCH_*, byte order, whether registers have 64 bits), from include/uapi/linux/audit.h
_FACTS: dict[str, tuple[int, str, bool]] = {
    "x86_64": (0xC000003E, "<", True),
    "x32": (0xC000003E, "<", True),
    "i386": (0x40000003, "<", False),
    "arm64": (0xC00000B7, "<", True),
    "arm": (0x40000028, "<", False),
    "ppc64le": (0xC0000015, "<", True),
    "riscv64": (0xC00000F3, "<", True),
    "s390x": (0x80000016, ">", True),
}

X32_BIT = 0x40000000
# The calls that x32 has numbers of its own for, because of pointers in structures: asm/unistd_x32.h.
_X32_FIRST = 512
_X32_OWN = (
    "rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg", "execve", "ptrace",
    "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack", "timer_create", "mq_notify", "kexec_load",
    "waitid", "set_robust_list", "get_robust_list", "vmsplice", "move_pages", "preadv", "pwritev",
    "rt_tgsigqueueinfo", "recvmmsg", "sendmmsg", "process_vm_readv", "process_vm_writev", "setsockopt", "getsockopt",
    "io_setup", "io_submit", "execveat", "preadv2", "pwritev2",
)  # fmt: skip

_ARM_PRIVATE = 0x0F0000  # __ARM_NR_BASE: breakpoint, cacheflush, set_tls and the like, above every ordinary call
_NONE_PRIVATE = 1 << 32


class Abi:
    """token       AUDIT_ARCH_* of seccomp_data.arch
    numbers     of its calls, by name
    first, last the range of numbers that is its own: x86_64 and x32 share a token
    private     from here on, numbers are the machine's own and say nothing about age
    """

    __slots__ = ("byte_order", "first", "last", "name", "numbers", "private", "token", "wide")

    def __init__(self, name: str, numbers: dict[str, int]) -> None:
        self.name = name
        self.token, self.byte_order, self.wide = _FACTS[name]
        self.numbers = numbers
        self.private = _ARM_PRIVATE if name == "arm" else _NONE_PRIVATE
        self.first = X32_BIT if name == "x32" else 0
        self.last = X32_BIT - 1 if name == "x86_64" else 0xFFFFFFFF


def load(name: str) -> Abi:
    """An ABI with its table; UnknownArchitecture."""
    if name not in _FACTS:
        raise UnknownArchitecture(f"no system call table for {name!r}", "seccomp=unconfined runs without a filter")
    if name == "x32":
        shared = {call: number | X32_BIT for call, number in _table("x86_64").items()}
        shared.update({call: (_X32_FIRST + index) | X32_BIT for index, call in enumerate(_X32_OWN)})
        return Abi(name, shared)
    return Abi(name, _table(name))


def _table(name: str) -> dict[str, int]:
    module = __import__("arch.tables." + name, None, None, ["NUMBERS"])
    numbers: dict[str, int] = module.NUMBERS
    return {**numbers, **module.ALIASES} if module.ALIASES else numbers


def chosen(seccomp: dict[str, Any], architecture: str) -> list[Abi]:
    """The ABIs that a profile is about on a machine, its own always and first.

    Those of other machines are passed over, as everywhere: profiles list them all. BadProfile for a name that no
    machine has.
    """
    if architecture not in SPOKEN:
        raise UnknownArchitecture(
            f"no system call table for {architecture!r}", "seccomp=unconfined runs without a filter"
        )
    listed = []
    for index, name in enumerate(seccomp.get("architectures") or ()):
        if name not in PROFILE_NAMES:
            raise BadProfile(f"linux.seccomp.architectures[{index}]: no architecture is called {name!r}")
        listed.append(PROFILE_NAMES[name])
    spoken = SPOKEN[architecture]
    return [load(name) for name in spoken if name == architecture or name in listed]
