"""All answers about one host, as a value that can be stored, sent and replayed. On the launch path."""

from __future__ import annotations

from probes.errors import BadReport, UnknownCapability
from probes.finding import ABSENT, UNKNOWN, Finding

SCHEMA = 1


class HostReport:
    """What is known of a host.

    `machine`, `kernel` and `distribution` are flat dictionaries of strings and integers:

    machine       architecture (our name), uname, variant, page_size, bits, personality
    kernel        release, version, vendor, numbers ("6.18.44"), config_source
    distribution  id, id_like, version, name, codename

    `health` is what came of trying whole backends, by "family/name": empty for one that works, else what broke although
    the findings like it. One that nobody tried is not in it.
    """

    __slots__ = ("_findings", "distribution", "health", "kernel", "machine", "privileged")

    def __init__(
        self,
        machine: dict[str, object],
        kernel: dict[str, object],
        distribution: dict[str, object],
        findings: list[Finding],
        privileged: bool = False,
        health: dict[str, str] | None = None,
    ) -> None:
        self.machine = machine
        self.kernel = kernel
        self.distribution = distribution
        self.privileged = privileged
        self.health = dict(health or {})
        self._findings = {finding.capability: finding for finding in findings}

    def __getitem__(self, capability: str) -> Finding:
        """The finding of a capability; UNKNOWN if nobody asked. A name that no catalogue has is the caller's error."""
        finding = self._findings.get(capability)
        if finding is None:
            from probes.capability import CATALOGUE  # off the launch path until something is missing

            if capability not in CATALOGUE:
                raise UnknownCapability(f"no capability is called {capability!r}")
            return Finding(capability, UNKNOWN, "this host's report does not answer it")
        return finding

    def has(self, capability: str) -> bool:
        return self[capability].present

    def lacks(self, capability: str) -> bool:
        return self[capability].state == ABSENT

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings.values())

    def as_dict(self) -> dict[str, object]:
        return {
            "schema": SCHEMA,
            "machine": self.machine,
            "kernel": self.kernel,
            "distribution": self.distribution,
            "privileged": self.privileged,
            "health": self.health,
            "findings": [finding.as_dict() for finding in self._findings.values()],
        }

    @classmethod
    def from_dict(cls, data: dict[str, object]) -> HostReport:
        """Raises BadReport for anything that is not a report of this schema."""
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            found = data.get("schema") if isinstance(data, dict) else type(data).__name__
            raise BadReport(f"not a host report of schema {SCHEMA} (found: {found!r})")
        try:
            machine, kernel, distribution = data["machine"], data["kernel"], data["distribution"]
            findings, health = data["findings"], data.get("health") or {}
            assert isinstance(machine, dict)
            assert isinstance(kernel, dict)
            assert isinstance(distribution, dict)
            assert isinstance(findings, list)
            assert isinstance(health, dict)
            answers = [Finding.from_dict(item) for item in findings]
        except (KeyError, TypeError, AssertionError, AttributeError) as error:
            raise BadReport(f"a damaged host report: {type(error).__name__} {error}") from error
        return cls(machine, kernel, distribution, answers, bool(data.get("privileged", False)), health)
