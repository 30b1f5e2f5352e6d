"""AppArmor: where a process says under which profile its next exec runs."""

from __future__ import annotations

from backends.errors import UnsupportedConfiguration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from probes.report import HostReport

# The first is of Linux 5.8, where several security modules may share a kernel; the second is the first module's.
EXEC_PATHS: tuple[str, ...] = ("/proc/self/attr/apparmor/exec", "/proc/self/attr/exec")

UNCONFINED = "unconfined"


def exec_label(profile: str) -> str:
    """What is written for the exec to run under a profile; empty for nothing to write."""
    return f"exec {profile}" if profile and profile != UNCONFINED else ""


def check(profile: str, report: HostReport) -> None:
    """UnsupportedConfiguration for a profile on a host that has no AppArmor: it would be weaker in silence."""
    if not exec_label(profile):
        return
    finding = report["lsm.apparmor"]
    if not finding.present:
        raise UnsupportedConfiguration(
            f"process.apparmorProfile: {profile!r} cannot be applied: {finding.reason or 'no AppArmor here'}",
            finding.remedy or "leave the profile out, or say unconfined",
        )
    if "\n" in profile or "\0" in profile:
        raise UnsupportedConfiguration(f"process.apparmorProfile: {profile!r} is no profile's name")
