"""Seccomp by its effect; the security modules by what they say of themselves."""

from __future__ import annotations

from probes.finding import ABSENT, KERNEL_CONFIG, NOBODY, PRESENT, Finding
from probes.host import Host
from probes.inquiry import Inquiry, names, text
from probes.judgement import context, found, judge

TRIALS = (
    ("seccomp.filter", "seccomp.filter"),
    ("seccomp.syscall", "seccomp.syscall"),
    ("seccomp.kill_process", "seccomp.action", "kill_process"),
    ("seccomp.log", "seccomp.action", "log"),
    ("seccomp.notify", "seccomp.filter", "listener"),
    ("seccomp.tsync", "seccomp.filter", "tsync"),
    ("lsm.landlock", "lsm.landlock"),
)


def findings(inquiry: Inquiry) -> list[Finding]:
    answers = [judge(name, inquiry.attempt(*trial), inquiry.circumstances) for name, *trial in TRIALS]
    return [*answers, _apparmor(inquiry), _selinux(inquiry)]


def modules(host: Host) -> tuple[str, ...]:
    """The active security modules: the kernel's own list (4.11), or what each left in /sys."""
    said = text(host, "/sys/kernel/security/lsm")
    if said:
        return tuple(said.split(","))
    found_ = []
    if text(host, "/sys/module/apparmor/parameters/enabled") == "Y":
        found_.append("apparmor")
    if "enforce" in names(host, "/sys/fs/selinux") or "enforce" in names(host, "/selinux"):
        found_.append("selinux")
    return tuple(found_)


def confinement(host: Host) -> str:
    """The label that we run under, if it is one that restricts; empty otherwise."""
    label = text(host, "/proc/self/attr/current").rstrip("\0\n")
    if not label or label.startswith(("unconfined", "kernel")) or ":unconfined_t:" in label or ":kernel_t:" in label:
        return ""
    return label


def _apparmor(inquiry: Inquiry) -> Finding:
    enabled = inquiry.read("/sys/module/apparmor/parameters/enabled")
    evidence = (f"/sys/module/apparmor/parameters/enabled: {enabled or 'no such file'}",)
    if enabled == "Y" or "apparmor" in inquiry.circumstances.lsms:
        own = inquiry.read("/proc/self/attr/current").rstrip("\0") or "no label"
        return Finding("lsm.apparmor", PRESENT, f"enabled; we run as {own}", evidence)
    return _missing("lsm.apparmor", inquiry, evidence)


def _selinux(inquiry: Inquiry) -> Finding:
    for folder in ("/sys/fs/selinux", "/selinux"):
        mode = inquiry.read(f"{folder}/enforce")
        if mode:
            value = "enforcing" if mode == "1" else "permissive"
            return Finding("lsm.selinux", PRESENT, value, (f"{folder}/enforce: {mode}",), value=value)
    return _missing("lsm.selinux", inquiry, ("no selinuxfs",))


def _missing(name: str, inquiry: Inquiry, evidence: tuple[str, ...]) -> Finding:
    evidence += context(name, False, inquiry.circumstances)
    active = ", ".join(inquiry.circumstances.lsms) or "none that we know"
    reason = f"it is not active; active are: {active}"
    # A host has the one or the other: where one is, nobody blocks the other.
    blocker = NOBODY if {"apparmor", "selinux"} & set(inquiry.circumstances.lsms) else KERNEL_CONFIG
    return found(name, ABSENT, reason, inquiry.circumstances, evidence, blocker)
