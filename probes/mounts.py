"""Mounts, tried on a scratch folder where the store is or will be."""

from __future__ import annotations

from probes.finding import Finding
from probes.inquiry import Inquiry
from probes.judgement import judge, needs_power, powerless

NAMES = (
    "mount.bind", "mount.propagation", "mount.pivot_root", "mount.move", "mount.api", "mount.setattr", "mount.idmap",
    "mount.proc", "mount.sysfs", "mount.tmpfs", "mount.devpts", "mount.mqueue",
)  # fmt: skip


def findings(inquiry: Inquiry) -> list[Finding]:
    circumstances = inquiry.circumstances
    if needs_power(circumstances):
        return [powerless(name, circumstances) for name in NAMES]
    return [
        judge(name, inquiry.attempt(name, circumstances.store, circumstances.mode), circumstances) for name in NAMES
    ]
