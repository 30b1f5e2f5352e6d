"""Capabilities: names and numbers, docker's default set, and what --cap-add, --cap-drop and --privileged make of it.

On the launch path: the child turns names into masks here.
"""

from __future__ import annotations

from backends.security.errors import UnavailableCapability, UnknownCapabilityName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# In the order of their numbers, from include/uapi/linux/capability.h.
NAMES: tuple[str, ...] = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",  # Linux 2.6.37
    "CAP_WAKE_ALARM",  # 3.0
    "CAP_BLOCK_SUSPEND",  # 3.5
    "CAP_AUDIT_READ",  # 3.16
    "CAP_PERFMON",  # 5.8
    "CAP_BPF",  # 5.8
    "CAP_CHECKPOINT_RESTORE",  # 5.9
)
NUMBERS: dict[str, int] = {name: number for number, name in enumerate(NAMES)}

ALL = "ALL"

# What docker gives a container that asks for nothing.
DEFAULT: tuple[str, ...] = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SYS_CHROOT",
    "CAP_MKNOD",
    "CAP_AUDIT_WRITE",
    "CAP_SETFCAP",
)


def canonical(name: str) -> str:
    """ "net_admin", "CAP_NET_ADMIN" -> "CAP_NET_ADMIN"; "all" -> "ALL". UnknownCapabilityName, with a suggestion."""
    wanted = name.strip().upper()
    if wanted == ALL:
        return ALL
    if not wanted.startswith("CAP_"):
        wanted = "CAP_" + wanted
    if wanted in NUMBERS:
        return wanted
    from difflib import get_close_matches  # not on the launch path: only an error comes here

    close = get_close_matches(wanted, NAMES, 1, 0.6)
    hint = f"did you mean {close[0]}?" if close else "capabilities(7) lists them"
    raise UnknownCapabilityName(f"no capability is called {name!r}", hint)


def mask(names: Iterable[str]) -> int:
    """The bits of capabilities; UnknownCapabilityName."""
    bits = 0
    for name in names:
        number = NUMBERS.get(name)
        if number is None:
            number = NUMBERS[canonical(name)]
        bits |= 1 << number
    return bits


def names(bits: int) -> tuple[str, ...]:
    """The names of the bits that we know, in the order of their numbers."""
    return tuple(name for number, name in enumerate(NAMES) if bits >> number & 1)


def granted(
    add: Iterable[str] = (),
    drop: Iterable[str] = (),
    privileged: bool = False,
    newest: int = len(NAMES) - 1,
    available: int | None = None,
) -> tuple[str, ...]:
    """The capabilities of a container, in the order of their numbers.

    `newest` is the kernel's last capability (/proc/sys/kernel/cap_last_cap), `available` the mask of those that this
    program may pass on (its own bounding set). What is named explicitly and cannot be given is an error; "ALL", the
    default set and --privileged mean what there is.
    """
    added = [canonical(name) for name in add]
    dropped = [canonical(name) for name in drop]
    _contradictions(added, dropped)
    present = (1 << (newest + 1)) - 1
    grantable = present if available is None else present & available
    for name in added:
        if name != ALL:
            _available(name, present, grantable)
    if privileged or ALL in added:
        bits = grantable
    elif ALL in dropped:
        bits = 0
    else:
        bits = mask(DEFAULT) & grantable
    bits |= mask(name for name in added if name != ALL)
    bits &= ~mask(name for name in dropped if name != ALL)
    return names(bits)


def _contradictions(added: list[str], dropped: list[str]) -> None:
    for name in added:
        if name in dropped:
            raise UnavailableCapability(
                f"{name} is both added and dropped", "leave out one of --cap-add and --cap-drop for it"
            )


def _available(name: str, present: int, grantable: int) -> None:
    bit = 1 << NUMBERS[name]
    if not present & bit:
        raise UnavailableCapability(f"this kernel has no {name}", "it came with a newer Linux; leave out the --cap-add")
    if not grantable & bit:
        raise UnavailableCapability(
            f"{name} cannot be granted: it is not in this program's own bounding set",
            "whoever started this program took it away; see CapBnd in /proc/self/status",
        )


def oci(capabilities: Iterable[str], uid: int = 0, ambient: Iterable[str] = ()) -> dict[str, list[str]]:
    """`process.capabilities` of a bundle.

    Inheritable is empty since CVE-2022-24769: otherwise a file with inheritable capabilities gave them to users
    other than root. Such users have the bounding set only, as execve(2) would leave them, beside what is ambient
    (which must be inheritable and permitted as well).
    """
    given = list(capabilities)
    raised = list(ambient)
    effective = given if uid == 0 else raised
    return {
        "bounding": given,
        "effective": list(effective),
        "permitted": list(effective),
        "inheritable": list(raised),
        "ambient": raised,
    }
