"""One answer about the host, with its evidence. On the launch path: plain classes, no imports."""

from __future__ import annotations

# A capability's states. DENIED: the kernel has it, and something forbids it to us. UNKNOWN: the question could not be
# put (no right to try, the trial hung); never read as "no", never as "yes".
PRESENT = "present"
ABSENT = "absent"
DENIED = "denied"
UNKNOWN = "unknown"
STATES = (PRESENT, ABSENT, DENIED, UNKNOWN)

# Who blocks a capability that is not present.
KERNEL_AGE = "kernel age"
KERNEL_CONFIG = "kernel config"
SYSCTL = "sysctl"
LSM = "lsm"
OUTER_SECCOMP = "outer seccomp"
PRIVILEGE = "privilege"
PROGRAM = "missing program"
FILESYSTEM = "file system"
MACHINE = "machine"
CONTAINMENT = "containment"
NOBODY = ""
BLOCKERS = (
    KERNEL_AGE, KERNEL_CONFIG, SYSCTL, LSM, OUTER_SECCOMP, PRIVILEGE, PROGRAM, FILESYSTEM, MACHINE, CONTAINMENT, NOBODY,
)  # fmt: skip


class Finding:
    """What is known of one capability.

    `capability` is a name of `probes.capability.CATALOGUE`; `reason` is one sentence for a person; `evidence` are the
    raw facts it rests on ("unshare(CLONE_NEWUSER): EPERM", "/proc/sys/user/max_user_namespaces = 0"), also those that
    contradict it; `remedy` is what to do about it on this distribution, or empty.
    """

    __slots__ = ("blocker", "capability", "evidence", "reason", "remedy", "state", "value")

    def __init__(
        self,
        capability: str,
        state: str,
        reason: str = "",
        evidence: tuple[str, ...] = (),
        remedy: str = "",
        blocker: str = NOBODY,
        value: str = "",
    ) -> None:
        self.capability = capability
        self.state = state
        self.reason = reason
        self.evidence = evidence
        self.remedy = remedy
        self.blocker = blocker
        self.value = value  # for capabilities that have one: "nft", "docker", "reflink"

    @property
    def present(self) -> bool:
        return self.state == PRESENT

    def __repr__(self) -> str:
        return f"Finding({self.capability!r}, {self.state!r}, {self.reason!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finding) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def as_dict(self) -> dict[str, object]:
        return {
            "capability": self.capability,
            "state": self.state,
            "reason": self.reason,
            "evidence": list(self.evidence),
            "remedy": self.remedy,
            "blocker": self.blocker,
            "value": self.value,
        }

    @classmethod
    def from_dict(cls, data: dict[str, object]) -> Finding:
        evidence = data.get("evidence") or ()
        assert isinstance(evidence, (list, tuple))
        return cls(
            str(data["capability"]),
            str(data["state"]),
            str(data.get("reason", "")),
            tuple(str(line) for line in evidence),
            str(data.get("remedy", "")),
            str(data.get("blocker", NOBODY)),
            str(data.get("value", "")),
        )
