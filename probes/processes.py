"""What a process can do to itself: descriptors of processes, clone3, capabilities, keyrings."""

from __future__ import annotations

from probes import hierarchies
from probes.finding import ABSENT, KERNEL_AGE, NOBODY, Finding
from probes.inquiry import Inquiry
from probes.judgement import found, judge, powerless
from probes.origins import origin

# Tried with whatever we are.
PLAIN = (
    "process.no_new_privs",
    "process.subreaper",
    "process.pidfd",
    "process.clone3",
    "process.close_range",
    "process.openat2",
    "process.keyring",
    "process.rlimits.raise",
)
# Tried with capabilities.
POWERFUL = ("process.ambient", "process.capabilities")


def findings(inquiry: Inquiry) -> list[Finding]:
    circumstances, mode = inquiry.circumstances, inquiry.circumstances.mode
    answers = [judge(name, inquiry.attempt(name), circumstances) for name in PLAIN]
    answers += [
        judge(name, inquiry.attempt(name, mode), circumstances) if mode else powerless(name, circumstances)
        for name in POWERFUL
    ]
    return [*answers, _into_cgroup(inquiry)]


def _into_cgroup(inquiry: Inquiry) -> Finding:
    name, circumstances = "process.clone_into_cgroup", inquiry.circumstances
    place = hierarchies.of(inquiry.host).v2_place
    if not place:
        blocker = KERNEL_AGE if circumstances.older_than(origin(name).since) else NOBODY
        return found(name, ABSENT, "no cgroup v2 hierarchy is mounted", circumstances, (), blocker)
    return judge(name, inquiry.attempt(name, place), circumstances)
