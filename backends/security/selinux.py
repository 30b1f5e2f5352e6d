"""SELinux: where a process says which context its next exec takes on."""

from __future__ import annotations

from backends.errors import UnsupportedConfiguration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from probes.report import HostReport

EXEC_PATHS: tuple[str, ...] = ("/proc/self/attr/exec",)

# user:role:type, and on most hosts a level that may hold colons itself
_PARTS = 3


def check(label: str, report: HostReport, where: str = "process.selinuxLabel") -> None:
    """UnsupportedConfiguration for a label on a host that has no SELinux: it would be weaker in silence."""
    if not label:
        return
    finding = report["lsm.selinux"]
    if not finding.present:
        raise UnsupportedConfiguration(
            f"{where}: {label!r} cannot be applied: {finding.reason or 'SELinux is not active here'}",
            finding.remedy or "leave the label out",
        )
    parts = label.split(":", _PARTS)
    if len(parts) < _PARTS or not all(parts) or any(character.isspace() or character == "\0" for character in label):
        raise UnsupportedConfiguration(f"{where}: {label!r} is no context", "such as system_u:system_r:container_t:s0")
