"""Which machine: architecture, variant, page size, personality."""

from __future__ import annotations

from arch import names
from arch.errors import UnknownArchitecture
from probes.host import Host
from probes.inquiry import text

PER_LINUX32 = 0x0008

# What each level of x86-64 adds, by the flags of /proc/cpuinfo (System V ABI, x86-64 micro-architecture levels).
X86_LEVELS = (
    ("v2", ("cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3")),
    ("v3", ("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave")),
    ("v4", ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")),
)


def describe(host: Host) -> dict[str, object]:
    """The report's `machine`: architecture (our name, empty if unknown), uname, variant, page_size, bits, personality,
    emulator (the program that runs this one, as qemu-user does; mostly empty).

    `bits` is the width of this very process, which may be half of the kernel's.
    """
    facts = host.facts()
    uname, bits = facts.get("machine", ""), facts.get("bits", "")
    name = architecture(uname, bits)
    return {
        "architecture": name,
        "uname": uname,
        "variant": variant(name, uname, text(host, "/proc/cpuinfo")),
        "page_size": int(facts.get("page_size", "0") or 0),
        "bits": int(bits or 0),
        "personality": personality(facts.get("personality", "")),
        "emulator": facts.get("emulator", ""),
    }


def architecture(uname: str, bits: str) -> str:
    """The kernel's architecture. A 32-bit personality makes a 64-bit kernel say i686 or armv8l: the width tells."""
    try:
        name = names.by_uname(uname).name
    except UnknownArchitecture:
        return ""
    if bits == "64" and name in ("i386", "arm"):
        return {"i386": "x86_64", "arm": "arm64"}[name]
    return name


def personality(value: str) -> str:
    """ "linux32" or "linux"; empty if the kernel did not say."""
    if not value:
        return ""
    return "linux32" if int(value, 16) & 0xFF == PER_LINUX32 else "linux"


def variant(name: str, uname: str, cpuinfo: str) -> str:
    """OCI's variant: v6 or v7 of arm, v8 of arm64, v1 to v4 of amd64, POWER's generation; empty if not known."""
    if name == "x86_64":
        return _x86_level(_field(cpuinfo, "flags"))
    if name == "arm":
        return _arm(uname, cpuinfo)
    if name == "arm64":
        return "v8"
    if name == "ppc64le":
        word = _field(cpuinfo, "cpu").split(" ", 1)[0].lower()
        return word if word.startswith("power") else ""
    return ""


def _field(cpuinfo: str, name: str) -> str:
    """The value of the first processor's field."""
    for line in cpuinfo.splitlines():
        key, separator, value = line.partition(":")
        if separator and key.strip() == name:
            return value.strip()
    return ""


def _x86_level(flags: str) -> str:
    have, level = set(flags.split()), "v1" if flags else ""
    for name, needed in X86_LEVELS:
        if not have.issuperset(needed):
            break
        level = name
    return level


def _arm(uname: str, cpuinfo: str) -> str:
    """uname first, then the model's name, and "CPU architecture" last: an ARM11 says 7 there (containerd#4530)."""
    model = _field(cpuinfo, "model name") or _field(cpuinfo, "Processor")
    said = (uname, model, _field(cpuinfo, "CPU architecture"))
    if "ARMv6" in model or uname.startswith("armv6"):
        return "v6"
    for text_ in said:
        for digit in "8765":
            if text_.lower().startswith(f"armv{digit}") or text_.startswith(digit):
                return f"v{min(int(digit), 8)}"
    return ""


def abridge(cpuinfo: str) -> str:
    """The first processor, and what follows the last one (arm's Hardware): what a recording keeps."""
    blocks = cpuinfo.split("\n\n")
    return "\n\n".join(blocks[:1] + [block for block in blocks[1:] if block and "processor" not in block[:9]]) + "\n"
