"""Asks everything: a host's report. The order matters once: how we may try depends on who we are and on namespaces."""

from __future__ import annotations

from dataclasses import replace

from probes import (
    cgroups,
    containment,
    distribution,
    emulation,
    filesystems,
    init,
    kernel,
    lxc,
    machine,
    mounts,
    namespaces,
    network,
    privileges,
    processes,
    programs,
    security,
)
from probes.capability import CATALOGUE
from probes.finding import Finding
from probes.host import Host
from probes.inquiry import Circumstances, Inquiry
from probes.report import HostReport


def survey(host: Host, store: str) -> HostReport:
    """Everything the catalogue asks, of a host whose images would be kept in `store` (which need not exist yet)."""
    kernel_facts, machine_facts = kernel.describe(host), machine.describe(host)
    distribution_facts = distribution.describe(host)
    own, around = privileges.standing(host), containment.surroundings(host)
    circumstances = _circumstances(host, store, own, around, distribution_facts)
    inquiry = Inquiry(host, circumstances)
    inquiry = Inquiry(host, replace(circumstances, sysctls=namespaces.sysctls(inquiry)))
    user, mode = namespaces.user_findings(inquiry)
    inquiry = Inquiry(host, replace(inquiry.circumstances, mode=mode))
    findings = [
        *user,
        *namespaces.findings(inquiry),
        *processes.findings(inquiry),
        *mounts.findings(inquiry),
        *security.findings(inquiry),
        *filesystems.findings(inquiry),
        *cgroups.findings(inquiry),
        *network.findings(inquiry),
        *emulation.findings(inquiry, "" if circumstances.emulator else str(machine_facts["architecture"])),
        *privileges.findings(inquiry, own),
        *lxc.findings(inquiry),
        *init.findings(inquiry),
        *containment.findings(inquiry, around),
        *programs.findings(inquiry),
    ]
    privileged = own.euid == 0 and circumstances.admin
    return HostReport(machine_facts, kernel_facts, distribution_facts, _ordered(findings), privileged)


def _circumstances(
    host: Host,
    store: str,
    own: privileges.Standing,
    around: containment.Surroundings,
    distribution_facts: dict[str, object],
) -> Circumstances:
    release = host.facts().get("release", "")
    options, source = kernel.configuration(host, release)
    return Circumstances(
        release=release,
        executable=host.facts().get("executable", ""),
        numbers=kernel.numbers(release),
        options=options,
        config_source=source,
        euid=own.euid,
        nested=not own.initial,
        effective=own.effective,
        seccomp=own.seccomp,
        confinement=security.confinement(host),
        lsms=security.modules(host),
        family=str(distribution_facts["family"]),
        distribution=str(distribution_facts["id"]),
        container=around.container,
        chroot=around.chroot,
        emulator=str(host.facts().get("emulator", "")),
        store=store,
    )


def _ordered(findings: list[Finding]) -> list[Finding]:
    """In the catalogue's order, whatever order they were asked in."""
    places = {name: place for place, name in enumerate(CATALOGUE)}
    return sorted(findings, key=lambda finding: places[finding.capability])
