"""The ABIs by which a program can call a kernel, as a filter tells them apart."""

from __future__ import annotations

from arch.errors import UnknownArchitecture
from arch.syscalls import MACHINES, table
from backends.security.errors import BadProfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from arch.abi import Abi as Machine

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
    private     from here on, numbers are the machine's own and say nothing about a call's age
    wide        whether an argument has 64 bits
    """

    __slots__ = ("byte_order", "first", "last", "name", "numbers", "private", "token", "wide")

    def __init__(self, name: str, facts: Machine, numbers: dict[str, int], mark: int = 0) -> None:
        self.name = name
        self.token = facts.audit
        self.byte_order = "<" if facts.byteorder == "little" else ">"
        self.wide = facts.bits == 64
        self.numbers = numbers
        self.private = _ARM_PRIVATE if name == "arm" else _NONE_PRIVATE
        marks = [compat.mask for compat in facts.compat if compat.mask and not mark]
        self.first = mark
        self.last = marks[0] - 1 if marks else 0xFFFFFFFF


def machine(name: str) -> Machine:
    """What arch knows about a machine; UnknownArchitecture."""
    if name not in MACHINES:
        raise UnknownArchitecture(f"no system call table for {name!r}", "seccomp=unconfined runs without a filter")
    module = __import__("arch." + name, None, None, ["ABI"])
    abi: Machine = module.ABI
    return abi


def spoken(architecture: str) -> tuple[str, ...]:
    """The ABIs of a machine's kernel that we have numbers for, its own first. Others, as the 31-bit one of s390, no
    profile can let in. UnknownArchitecture."""
    others = [compat.name for compat in machine(architecture).compat if compat.table or compat.mask]
    return (architecture, *others)


def profile_name(abi: str) -> str:
    """What profiles call one of our ABIs."""
    return next(theirs for theirs, ours in PROFILE_NAMES.items() if ours == abi)


def load(name: str) -> Abi:
    """An ABI with its table; UnknownArchitecture."""
    if name != "x32":
        return Abi(name, machine(name), table(name))
    facts = machine("x86_64")
    mark = next(compat.mask for compat in facts.compat if compat.name == name)
    numbers = {call: number | mark for call, number in table("x86_64").items()}
    numbers.update({call: (_X32_FIRST + index) | mark for index, call in enumerate(_X32_OWN)})
    return Abi(name, facts, numbers, mark)


def chosen(seccomp: dict[str, Any], architecture: str) -> list[Abi]:
    """The ABIs that a profile is about on a machine: its own always and first, and of the others those listed.

    Other machines' are passed over, as everywhere: profiles list them all. BadProfile for a name that no machine has.
    """
    listed = [architecture]
    names = seccomp.get("architectures") or []
    if not isinstance(names, list):
        raise BadProfile("linux.seccomp.architectures: not a list")
    for index, name in enumerate(names):
        if not isinstance(name, str) or name not in PROFILE_NAMES:
            raise BadProfile(f"linux.seccomp.architectures[{index}]: no architecture is called {name!r}")
        listed.append(PROFILE_NAMES[name])
    # Those that share a token next to each other, in the order of their numbers.
    abis = [load(name) for name in spoken(architecture) if name in listed]
    return sorted(abis, key=lambda abi: (abi.token != abis[0].token, abi.first))
