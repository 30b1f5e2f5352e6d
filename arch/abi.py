"""What differs between machines, as a record that each `arch/<machine>.py` fills by hand."""

from __future__ import annotations


class Compat:
    """Another ABI that a kernel of this machine may also serve, to be thought of in every seccomp filter.

    `audit` is its token; `mask` the bit of x32, whose calls carry the 64-bit token. `table` names its numbers in
    arch/tables, empty when we have none.
    """

    __slots__ = ("audit", "mask", "name", "table")

    def __init__(self, name: str, audit: int, table: str = "", mask: int = 0) -> None:
        self.name = name
        self.audit = audit
        self.table = table
        self.mask = mask


class IoctlBits:
    """asm/ioctl.h: how a request's number is put together."""

    __slots__ = ("direction_shift", "none", "read", "write")

    def __init__(self, none: int, read: int, write: int, direction_shift: int) -> None:
        self.none = none
        self.read = read
        self.write = write
        self.direction_shift = direction_shift

    def number(self, direction: int, kind: int, number: int, size: int) -> int:
        return direction << self.direction_shift | size << 16 | kind << 8 | number


class OpenFlags:
    """asm/fcntl.h, as the kernel reads it: `largefile` too, which a 64-bit libc calls 0."""

    __slots__ = ("direct", "directory", "largefile", "nofollow")

    def __init__(self, directory: int, nofollow: int, direct: int, largefile: int) -> None:
        self.directory = directory
        self.nofollow = nofollow
        self.direct = direct
        self.largefile = largefile


GENERIC_IOCTL = IoctlBits(none=0, read=2, write=1, direction_shift=30)
GENERIC_OPEN = OpenFlags(directory=0o200000, nofollow=0o400000, direct=0o40000, largefile=0o100000)

# The order of clone(2)'s arguments.
CLONE = ("flags", "stack", "parent_tid", "child_tid", "tls")
CLONE_BACKWARDS = ("flags", "stack", "parent_tid", "tls", "child_tid")
CLONE_BACKWARDS2 = ("stack", "flags", "parent_tid", "child_tid", "tls")


class Abi:
    """One machine. `bits` of a pointer, `byteorder` as sys.byteorder, `audit` the AUDIT_ARCH token of linux/audit.h,
    `page_sizes` in bytes with the usual one first, `seccomp_since` the kernel that first had seccomp filters here."""

    __slots__ = (
        "audit",
        "bits",
        "byteorder",
        "clone",
        "compat",
        "ioctl",
        "name",
        "open",
        "page_sizes",
        "seccomp_since",
    )

    def __init__(
        self,
        name: str,
        bits: int,
        byteorder: str,
        audit: int,
        clone: tuple[str, ...],
        seccomp_since: tuple[int, int],
        page_sizes: tuple[int, ...] = (4096,),
        compat: tuple[Compat, ...] = (),
        open_flags: OpenFlags = GENERIC_OPEN,
        ioctl: IoctlBits = GENERIC_IOCTL,
    ) -> None:
        self.name = name
        self.bits = bits
        self.byteorder = byteorder
        self.audit = audit
        self.clone = clone
        self.seccomp_since = seccomp_since
        self.page_sizes = page_sizes
        self.compat = compat
        self.open = open_flags
        self.ioctl = ioctl
