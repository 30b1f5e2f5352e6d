"""Architectures and what everybody calls them: uname, OCI (with variant), Debian, ELF, QEMU.

A name that is not in the tables is UnknownArchitecture, never the nearest one.
"""

from __future__ import annotations

from arch.errors import UnknownArchitecture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Architecture:
    """One machine as this project knows it; `name` is that of its tables.

    uname          what uname(2) says on it, all of them
    oci            GOARCH; `variants` are those that may follow it, lowest first; `variant` is meant when none is given
    debian         Debian's architectures for it, the usual one first
    elf            e_machine, class (32 or 64), byte order
    qemu_user, qemu_system   what follows "qemu-" and "qemu-system-"
    """

    __slots__ = (
        "bits",
        "byteorder",
        "debian",
        "elf_machine",
        "name",
        "oci",
        "qemu_system",
        "qemu_user",
        "uname",
        "variant",
        "variants",
    )

    def __init__(
        self,
        name: str,
        uname: tuple[str, ...],
        oci: str,
        debian: tuple[str, ...],
        elf: tuple[int, int, str],
        qemu_user: str,
        qemu_system: str,
        variants: tuple[str, ...] = (),
        variant: str = "",
    ) -> None:
        self.name = name
        self.uname = uname
        self.oci = oci
        self.debian = debian
        self.elf_machine, self.bits, self.byteorder = elf
        self.qemu_user = qemu_user
        self.qemu_system = qemu_system
        self.variants = variants
        self.variant = variant

    def __repr__(self) -> str:
        return f"<Architecture {self.name}>"


X86_64 = Architecture(
    name="x86_64",
    uname=("x86_64", "amd64"),
    oci="amd64",
    debian=("amd64",),
    elf=(62, 64, "little"),
    qemu_user="x86_64",
    qemu_system="x86_64",
    variants=("v1", "v2", "v3", "v4"),
    variant="v1",
)
I386 = Architecture(
    name="i386",
    uname=("i686", "i386", "i486", "i586"),
    oci="386",
    debian=("i386",),
    elf=(3, 32, "little"),
    qemu_user="i386",
    qemu_system="i386",
)
ARM = Architecture(
    name="arm",
    uname=("armv7l", "armv6l", "armv5tel", "armv5tejl", "armv8l"),
    oci="arm",
    debian=("armhf", "armel"),
    elf=(40, 32, "little"),
    qemu_user="arm",
    qemu_system="arm",
    variants=("v5", "v6", "v7", "v8"),
    variant="v7",
)
ARM64 = Architecture(
    name="arm64",
    uname=("aarch64",),
    oci="arm64",
    debian=("arm64",),
    elf=(183, 64, "little"),
    qemu_user="aarch64",
    qemu_system="aarch64",
    variants=("v8", "v9"),
    variant="v8",
)
PPC64LE = Architecture(
    name="ppc64le",
    uname=("ppc64le",),
    oci="ppc64le",
    debian=("ppc64el",),
    elf=(21, 64, "little"),
    qemu_user="ppc64le",
    qemu_system="ppc64",
)
RISCV64 = Architecture(
    name="riscv64",
    uname=("riscv64",),
    oci="riscv64",
    debian=("riscv64",),
    elf=(243, 64, "little"),
    qemu_user="riscv64",
    qemu_system="riscv64",
)
S390X = Architecture(
    name="s390x",
    uname=("s390x",),
    oci="s390x",
    debian=("s390x",),
    elf=(22, 64, "big"),
    qemu_user="s390x",
    qemu_system="s390x",
)

ALL = (X86_64, I386, ARM, ARM64, PPC64LE, RISCV64, S390X)

# The variant of arm that a processor or a distribution stands for.
ARM_VARIANTS = {
    "armv5tel": "v5",
    "armv5tejl": "v5",
    "armv6l": "v6",
    "armv7l": "v7",
    "armv8l": "v8",
    "armel": "v5",
    "armhf": "v7",
}


def _find(what: str, value: str, matches: Callable[[Architecture], bool]) -> Architecture:
    for architecture in ALL:
        if matches(architecture):
            return architecture
    known = ", ".join(architecture.name for architecture in ALL)
    raise UnknownArchitecture(f"no architecture is known by the {what} {value!r}", f"known here: {known}")


def by_name(name: str) -> Architecture:
    """By this project's own name."""
    return _find("name", name, lambda architecture: architecture.name == name)


def by_uname(machine: str) -> Architecture:
    """By uname's machine, which is the kernel's: a process on it may be narrower (see `arch.native`)."""
    return _find("uname", machine, lambda architecture: machine in architecture.uname)


def by_oci(name: str, variant: str = "") -> Architecture:
    """By an OCI platform's architecture and variant; a variant that is not in the tables is unknown too."""
    return _find(
        "OCI platform",
        f"{name}/{variant}" if variant else name,
        lambda architecture: architecture.oci == name and (not variant or variant in architecture.variants),
    )


def by_debian(name: str) -> Architecture:
    return _find("Debian architecture", name, lambda architecture: name in architecture.debian)


def by_elf(machine: int, bits: int, byteorder: str) -> Architecture:
    """By an ELF header. x32 (EM_X86_64 with 32 bits) and big-endian ppc64 and arm are unknown."""
    return _find(
        "ELF header",
        f"machine {machine}, {bits} bits, {byteorder}-endian",
        lambda architecture: (
            (architecture.elf_machine, architecture.bits, architecture.byteorder) == (machine, bits, byteorder)
        ),
    )


def by_qemu(target: str) -> Architecture:
    """By what follows "qemu-" in the name of a user-mode emulator."""
    return _find("QEMU target", target, lambda architecture: architecture.qemu_user == target)


def parse(text: str) -> tuple[Architecture, str]:
    """What a person may write for a platform's architecture: any of the vocabularies, "arm64/v8", "aarch64", "armhf".

    The architecture and the OCI variant that was meant, empty when none was.
    """
    name, _, variant = text.strip().lower().partition("/")
    architecture = _find(
        "name",
        text,
        lambda known: name in (known.oci, known.name, *known.uname, *known.debian),
    )
    variant = variant or ARM_VARIANTS.get(name, "")
    return by_oci(architecture.oci, variant), variant


def arm_variants(machine: str) -> tuple[str, ...]:
    """The variants of OCI's arm that run on a processor with that uname, best first; aarch64 runs all or none."""
    best = "v8" if machine == "aarch64" else ARM_VARIANTS.get(machine, "")
    if best not in ARM.variants:
        raise UnknownArchitecture(f"{machine!r} is not a processor that runs arm's programs")
    return tuple(reversed(ARM.variants[: ARM.variants.index(best) + 1]))
