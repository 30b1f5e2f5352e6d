"""Namespaces, each by its effect. What is learned here decides how everything after it can be tried."""

from __future__ import annotations

from probes.finding import Finding
from probes.host import Outcome
from probes.inquiry import DIRECT, POWERLESS, USER, Inquiry, text
from probes.judgement import judge, needs_power, powerless

KINDS = ("mount", "uts", "ipc", "net", "cgroup", "time")

# What has been seen to forbid namespaces.
SYSCTLS = (
    "kernel.unprivileged_userns_clone",  # Debian before 11, Arch's hardened kernel
    "kernel.apparmor_restrict_unprivileged_userns",  # Ubuntu since 23.10
    *(f"user.max_{kind}_namespaces" for kind in ("user", "mnt", "pid", "uts", "ipc", "net", "cgroup", "time")),
)


def sysctls(inquiry: Inquiry) -> dict[str, str]:
    """The values of those that exist here."""
    answers = {name: text(inquiry.host, "/proc/sys/" + name.replace(".", "/")) for name in SYSCTLS}
    return {name: value for name, value in answers.items() if value}


def user_findings(inquiry: Inquiry) -> tuple[list[Finding], str]:
    """The findings of user namespaces, and the mode in which other trials have the power to try."""
    nested = inquiry.attempt("namespace.user.nested", inquiry.circumstances.store)
    alone = nested if nested.ok else inquiry.attempt("namespace.user")
    if nested.ok:
        alone = Outcome(True, detail="a user namespace with us as its root")
    findings = [
        judge("namespace.user", alone, inquiry.circumstances),
        judge("namespace.user.nested", nested, inquiry.circumstances),
    ]
    mode = DIRECT if inquiry.circumstances.admin else USER if nested.ok else POWERLESS
    return findings, mode


def findings(inquiry: Inquiry) -> list[Finding]:
    circumstances = inquiry.circumstances
    names = [f"namespace.{kind}" for kind in KINDS]
    if needs_power(circumstances):
        more = ("namespace.pid", "namespace.pid.unshare", "namespace.pid.clone", "namespace.setns")
        return [powerless(name, circumstances) for name in (*names, *more)]
    mode = circumstances.mode
    answers = [judge(f"namespace.{kind}", inquiry.attempt("namespace", kind, mode), circumstances) for kind in KINDS]
    unshare = inquiry.attempt("namespace.pid.unshare", mode)
    clone = inquiry.attempt("namespace.pid.clone", mode)
    return [
        *answers,
        judge("namespace.pid", unshare if unshare.ok else clone, circumstances),
        judge("namespace.pid.unshare", unshare, circumstances),
        judge("namespace.pid.clone", clone, circumstances),
        judge("namespace.setns", inquiry.attempt("namespace.setns", mode), circumstances),
    ]
