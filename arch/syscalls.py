"""System calls by name and number, for any machine: unknown is an error, never a guess."""

from __future__ import annotations

from arch.errors import UnknownArchitecture, UnknownSyscall

MACHINES = ("arm", "arm64", "i386", "ppc64le", "riscv64", "s390x", "x86_64")

_tables: dict[str, dict[str, int]] = {}
_names: dict[str, dict[int, str]] = {}


def table(architecture: str) -> dict[str, int]:
    """Every name that the machine knows, aliases included. UnknownArchitecture."""
    known = _tables.get(architecture)
    if known is None:
        if architecture not in MACHINES:
            raise UnknownArchitecture(
                f"no system call numbers for {architecture}", f"there are tables for {', '.join(MACHINES)}"
            )
        module = __import__("arch.tables." + architecture, None, None, ["NUMBERS"])
        known = _tables[architecture] = {**module.NUMBERS, **module.ALIASES}
        _names[architecture] = {number: name for name, number in module.NUMBERS.items()}
    return known


def number(name: str, architecture: str) -> int:
    """UnknownSyscall where the machine has no such call, which is ordinary: arm64 has no `open`."""
    known = table(architecture).get(name)
    if known is None:
        raise UnknownSyscall(f"there is no system call {name} on {architecture}")
    return known


def name(number: int, architecture: str) -> str:
    """The header's name of a number; UnknownSyscall."""
    table(architecture)
    known = _names[architecture].get(number)
    if known is None:
        raise UnknownSyscall(f"no system call of {architecture} has the number {number}")
    return known


def exists(name: str, architecture: str) -> bool:
    return name in table(architecture)


def everywhere(name: str) -> tuple[str, ...]:
    """The machines that have the call; none for a name that nobody has, most likely a typing error."""
    return tuple(machine for machine in MACHINES if exists(name, machine))


def since(name: str) -> tuple[int, ...] | None:
    """The first kernel with the call on any machine, (major, minor[, patch]); None where nobody wrote it down.

    An answer for the call, not for the machine: tables of single machines were now and then wired later.
    """
    from arch.tables.since import SINCE

    return SINCE.get(name)
