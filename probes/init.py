"""The init system, by what it leaves while it runs; names of programs only where that says nothing."""

from __future__ import annotations

from probes.finding import PRESENT, UNKNOWN, Finding
from probes.inquiry import Inquiry, link, names
from probes.judgement import found

# A folder that exists only while the system runs -> its name
TRACES = (
    ("/run/systemd", "system", "systemd"),
    ("/run", "openrc", "openrc"),
    ("/run", "s6", "s6"),
    ("/run", "s6-rc", "s6"),
    ("/run", "runit", "runit"),
    ("/etc", "runit", "runit"),
    ("/run", "finit", "finit"),
)
# The first process's own name -> the init system, where the name is unmistakable
NAMES = {
    "systemd": "systemd",
    "runit": "runit",
    "runit-init": "runit",
    "s6-svscan": "s6",
    "openrc-init": "openrc",
    "finit": "finit",
    "dinit": "dinit",
    "procd": "procd",
    "launchd": "launchd",
    "tini": "none",
    "dumb-init": "none",
    "docker-init": "none",
    "catatonit": "none",
    "conmon": "none",
    "sh": "none",
    "bash": "none",
    "sleep": "none",
    "python3": "none",
}


def findings(inquiry: Inquiry) -> list[Finding]:
    name, evidence = system(inquiry)
    if not name:
        reason = "process 1 is none that we know"
        return [found("init.system", UNKNOWN, reason, inquiry.circumstances, evidence)]
    reason = "none: process 1 supervises nothing" if name == "none" else name
    return [Finding("init.system", PRESENT, reason, evidence, value=name)]


def system(inquiry: Inquiry) -> tuple[str, tuple[str, ...]]:
    """systemd, upstart, sysvinit, runit, openrc, s6, busybox, dinit, none; empty if unknown. And the evidence."""
    first = inquiry.read("/proc/1/comm") or _command(inquiry)
    program = link(inquiry.host, "/proc/1/exe").replace(" (deleted)", "")
    evidence = (f"/proc/1/comm: {first or 'not readable'}", *((f"/proc/1/exe: {program}",) if program else ()))
    for folder, mark, name in TRACES:
        if mark in names(inquiry.host, folder) and _fits(name, first):
            return name, (*evidence, f"{folder}/{mark} exists")
    if first in NAMES:
        return NAMES[first], evidence
    if program.endswith("/busybox"):
        return "busybox", evidence
    if first == "init":
        return _classic(inquiry, evidence)
    return ("none" if inquiry.circumstances.container else ""), evidence


def _command(inquiry: Inquiry) -> str:
    """Kernels before 2.6.33 have no /proc/PID/comm."""
    return inquiry.read("/proc/1/stat").partition("(")[2].partition(")")[0]


def _fits(name: str, first: str) -> bool:
    """/etc/runit and /run/s6 lie about on hosts that only have the package."""
    if name in ("runit", "s6"):
        return first.startswith((name, "init")) and first != "init"
    return True


def _classic(inquiry: Inquiry, evidence: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Upstart and System V init are both called init."""
    if "init" in names(inquiry.host, "/etc") and inquiry.program("initctl"):
        return "upstart", (*evidence, "/etc/init and the program initctl")
    if "inittab" in names(inquiry.host, "/etc") or "rc.d" in names(inquiry.host, "/etc") or inquiry.program("telinit"):
        return "sysvinit", (*evidence, "/etc/inittab or telinit")
    return "", evidence
