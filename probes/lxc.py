"""The lxc tools, and what they call themselves."""

from __future__ import annotations

from probes.finding import ABSENT, PRESENT, PROGRAM, Finding
from probes.inquiry import Inquiry
from probes.judgement import found

NEEDED = ("lxc-start", "lxc-execute", "lxc-attach", "lxc-stop", "lxc-info")
BESIDES = ("lxc-freeze", "lxc-unfreeze", "lxc-cgroup", "lxc-wait", "lxc-ls", "lxc-checkconfig", "lxc-user-nic")


def findings(inquiry: Inquiry) -> list[Finding]:
    paths = {name: inquiry.program(name) for name in (*NEEDED, *BESIDES)}
    missing = [name for name in NEEDED if not paths[name]]
    evidence = tuple(f"{name}: {path}" for name, path in paths.items() if path)
    if len(missing) == len(NEEDED):
        return [found("lxc.tools", ABSENT, "they are not installed", inquiry.circumstances, evidence, PROGRAM)]
    if missing:
        reason = f"not all of them are installed: {', '.join(missing)} missing"
        return [found("lxc.tools", ABSENT, reason, inquiry.circumstances, evidence, PROGRAM)]
    version = inquiry.output(paths["lxc-start"] or "lxc-start", "--version").strip()
    return [Finding("lxc.tools", PRESENT, f"lxc {version or 'of unknown version'}", evidence, value=version)]
