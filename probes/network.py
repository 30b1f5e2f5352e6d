"""Interfaces and packet filters, each tried in a network namespace that ends with the trial."""

from __future__ import annotations

from probes.finding import ABSENT, PRESENT, PROGRAM, SYSCTL, UNKNOWN, Finding
from probes.inquiry import Inquiry
from probes.judgement import found, judge, needs_power, powerless

POWERFUL = ("network.loopback", "network.veth", "network.bridge")


def findings(inquiry: Inquiry) -> list[Finding]:
    circumstances, mode = inquiry.circumstances, inquiry.circumstances.mode
    answers = [judge("network.netlink", inquiry.attempt("network.netlink"), circumstances), _forward(inquiry)]
    if needs_power(circumstances):
        more = (*POWERFUL, "network.nftables", "network.iptables")
        return answers + [powerless(name, circumstances) for name in more]
    answers += [judge(name, inquiry.attempt(name, mode), circumstances) for name in POWERFUL]
    return [*answers, _nftables(inquiry), _iptables(inquiry)]


def _forward(inquiry: Inquiry) -> Finding:
    said = inquiry.read("/proc/sys/net/ipv4/ip_forward")
    evidence = (f"/proc/sys/net/ipv4/ip_forward: {said or 'not readable'}",)
    if said == "1":
        return Finding("network.forward", PRESENT, "it is on", evidence)
    if not said:
        return found("network.forward", UNKNOWN, "it cannot be read", inquiry.circumstances, evidence)
    return found("network.forward", ABSENT, "it is off", inquiry.circumstances, evidence, SYSCTL)


def _nftables(inquiry: Inquiry) -> Finding:
    """The kernel's part is tried by netlink. The program is evidence: who speaks netlink does without it."""
    outcome = inquiry.attempt("network.nftables", inquiry.circumstances.mode)
    program = inquiry.program("nft")
    answer = judge("network.nftables", outcome, inquiry.circumstances, value="nft" if program else "netlink")
    answer.evidence += (f"nft: {program or 'not installed'}",)
    return answer


def _iptables(inquiry: Inquiry) -> Finding:
    """By the program, in its flavour: `nf_tables` and `legacy` do not see each other's rules."""
    name, circumstances = "network.iptables", inquiry.circumstances
    candidates = [path for path in map(inquiry.program, ("iptables", "iptables-nft", "iptables-legacy")) if path]
    if not candidates:
        return found(name, ABSENT, "the program iptables is not installed", circumstances, (), PROGRAM)
    last = None
    for path in candidates:
        outcome = inquiry.attempt(name, circumstances.mode, path)
        kind = flavour(inquiry.output(path, "--version"))
        last = judge(name, outcome, circumstances, value=kind)
        last.evidence += (f"{path}: {kind}",)
        if outcome.ok:
            last.reason = f"{path} ({kind}) lists the nat table"
            return last
    assert last is not None
    return last


def flavour(version: str) -> str:
    """Of what `iptables --version` says; before 1.8 there was only the one."""
    if "nf_tables" in version:
        return "nf_tables"
    return "legacy" if version else "unknown"
