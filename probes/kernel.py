"""Which kernel this says it is, and what its build configuration says: evidence for others, a verdict on nothing."""

from __future__ import annotations

import re

from probes.host import Host
from probes.inquiry import text
from probes.origins import FORMER, OPTIONS

CONFIGS = (
    "/proc/config.gz",
    "/boot/config-{}",
    "/lib/modules/{}/config",
    "/usr/lib/modules/{}/config",
    "/usr/lib/ostree-boot/config-{}",
)

# What vendors append to the version, in the order of asking.
VENDORS = (
    (r"microsoft", "WSL"),
    (r"\.el(\d+)", "RHEL {}"),
    (r"\.fc(\d+)", "Fedora {}"),
    (r"\.amzn(\d+)", "Amazon Linux {}"),
    (r"uek", "Oracle UEK"),
    (r"-rpi|-v[78]l?\+", "Raspberry Pi"),
    (r"-(generic|lowlatency|azure|aws|gcp|oracle|kvm)\b", "Ubuntu"),
    (r"-pve\b", "Proxmox"),
    (r"-(default|preempt)$", "SUSE"),
    (r"\+deb\d+|\d-(?:cloud-)?(?:amd64|686|686-pae|arm64|armmp|armmp-lpae|powerpc64le|s390x|riscv64)$", "Debian"),
    (r"-(lts|virt)$", "Alpine"),
    (r"-arch\d", "Arch"),
    (r"-(android\d*)", "Android"),
    (r"gentoo", "Gentoo"),
)


def describe(host: Host) -> dict[str, object]:
    """The report's `kernel`: release, version, vendor, numbers, config_source; and behind a mask the version that it
    shows, or "calls"."""
    facts = host.facts()
    release = facts.get("release", "")
    _, source = configuration(host, release)
    described: dict[str, object] = {
        "release": release,
        "version": facts.get("version", ""),
        "vendor": vendor(release),
        "numbers": ".".join(map(str, numbers(release))),
        "config_source": source,
    }
    if facts.get("mask"):
        described["mask"] = facts["mask"]
    return described


def numbers(release: str) -> tuple[int, ...]:
    """(6, 18, 44) of "6.18.44-fc"; empty for what does not begin with a version, never a guess."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    return tuple(int(part) for part in found.groups() if part is not None) if found else ()


def vendor(release: str) -> str:
    """Who built it, as far as the suffix of the release tells; empty if it does not."""
    for pattern, name in VENDORS:
        found = re.search(pattern, release, re.IGNORECASE)
        if found:
            return name.format(found.group(1) if found.groups() and found.group(1) else "").strip()
    return ""


def configuration(host: Host, release: str) -> tuple[dict[str, str], str]:
    """The options that this program knows, and the file they were read from; both empty if there is none."""
    for pattern in CONFIGS:
        path = pattern.format(release)
        content = text(host, path)
        if content:
            return options(content), path
    return {}, ""


def options(content: str) -> dict[str, str]:
    """y, m or n by name. An option that the file does not mention does not exist there: n, too."""
    lines = dict(line.split("=", 1) for line in content.splitlines() if line.startswith("CONFIG_") and "=" in line)
    said = {name: lines.get(name, "n") for name in OPTIONS}
    for name, former in FORMER.items():
        said[f"CONFIG_{name}"] = lines.get(f"CONFIG_{former}", said[f"CONFIG_{name}"])
    return said


def abridge(content: str) -> str:
    """A config with only the lines that are asked for: what a recording keeps of 200 kB."""
    wanted = OPTIONS | {f"CONFIG_{former}" for former in FORMER.values()}
    kept = [line for line in content.splitlines() if line.partition("=")[0] in wanted]
    return "# abridged: only the options that are asked for\n" + "".join(f"{line}\n" for line in kept)
